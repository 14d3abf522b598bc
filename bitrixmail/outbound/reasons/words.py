"""The words by which hosts tell why they refuse or return a message, reason by reason."""

from __future__ import annotations

from bitrixmail.model.dsn import Reason

# A regular expression each line, for small letters and single spaces. The first reason that is
# found counts: what is more special stands before what is said in passing.
WORDS: dict[Reason, str] = {
    Reason.GREYLISTED: r"""
        gr[ae]y.?list
        try (?:again )?(?:later )?(?:in|after) (?:\d|a (?:few|minute))
        retry (?:again )?(?:later )?(?:in|after) (?:\d|a (?:few|minute))
        come (?:again|back) (?:in|after) \d
        deferred for \d
        first time (?:sender|seen)
        postgrey
        sqlgrey
        come back later
        серый список
        грейлист
    """,
    Reason.MAILBOX_FULL: r"""
        quota
        mail ?(?:box|folder|drop)[\w'\s]{0,30}? (?:is |are )?(?:full|too large|exceeded)
        (?:full|overfull|overflowed) mail ?box
        mail ?box space
        insufficient (?:disk )?space
        exceeded (?:the )?(?:storage|space|disk)
        storage (?:limit|allocation|space)
        too much mail (?:stored|data)
        (?:account|user|inbox|storage) (?:is |has )?(?:been )?(?:over|full|exceed)
        out of (?:disk |storage )?(?:space|storage)
        not enough (?:disk )?(?:space|storage)
        full inbox
        ящик[^.]{0,40}переполнен
        переполнен[^.]{0,40}ящик
        превышен\w* квот
    """,
    Reason.LOOP: r"""
        too many hops
        mail loop
        loop(?:s|ing)? (?:back|detected|\()
        routing loop
        message looping
        maximum hop count
        hop count exceeded
        loops? back to (?:me|myself)
    """,
    Reason.TAKES_NO_MAIL: r"""
        null ?mx
        does(?: not|n't) accept (?:e-?)?mail
        domain[^.]{0,40}not accept(?:ing)? mail
    """,
    Reason.AUTHENTICATION: r"""
        \b(?:spf|dkim|dmarc|arc)\b
        unauthenticated (?:e-?)?mail
        not authenticated
        sender (?:authentication|verification)
        verify failed for sender
    """,
    Reason.REPUTATION: r"""
        spamhaus
        spamcop
        barracuda
        \bsorbs\b
        \bdnsbl?\b
        \brbl\b
        black.?list
        block.?list
        blocked using
        (?<!not )listed (?:at|in|by|on)\b
        (?:poor|bad|low) reputation
        reputation
        banned
        ip (?:address )?(?:is |has been )?(?:blocked|rejected)
        dynamic ip
        (?:no|missing|valid|invalid|without) (?:ptr|reverse dns)
        reverse dns
        чёрн\w+ спис
        your (?:ip|network|host|server)[^.]{0,60}(?:block|reject|denied)
    """,
    Reason.SPAM: r"""
        spam
        (?<!rate of )unsolicited
        \bube\b
        \bjunk\b
        bulk mail
        спам
        looks like (?:a )?phish
        phishing
    """,
    Reason.CONTENT: r"""
        virus
        malware
        infected
        trojan
        banned (?:file|attachment)
        attachment[^.]{0,40}(?:not allowed|block|prohibit|reject|forbid)
        content[^.]{0,30}(?:reject|denied|block)
        message content
        вирус
        вложени\w+ запрещ
    """,
    Reason.TOO_LARGE: r"""
        (?:message|mail|size|it|content)[^.]{0,60}(?:too (?:large|big)|exceed)
        exceed\w*[^.]{0,60}(?:size|maximum)
        too (?:large|big)
        size limit
        слишком больш
    """,
    Reason.RATE_LIMITED: r"""
        too many (?:connections|messages|mails|recipients|concurrent|requests|errors)
        rate.?limit
        throttl
        too (?:fast|much|frequent)
        unusual rate
        rate (?:exceed|control)
        (?:connection|message|sending) (?:rate|limit)
        receiving mail at a rate
        limit (?:was |is |has been )?(?:exceed|reach)
        exceeded[^.]{0,40}(?:limit|rate)
        слишком много
    """,
    Reason.DISABLED: r"""
        (?:account|mailbox|user|recipient|address)[^.]{0,60}(?:disabl|inactiv|suspend|discontinu)
        (?:account|mailbox|user|recipient)[^.]{0,60}(?:deactivat|terminated|frozen)
        (?:account|mailbox) (?:is |has |was |been ){0,2}(?:closed|expired|locked|blocked)
        (?:disabl|inactiv|suspend|deactivat)\w* (?:account|user|mail ?box|recipient)
        not active
        no longer (?:active|available|valid|in use|here|with|works|employed|accept|receiv)
        no longer (?:on this|at this)
        has not been collected
        not accepting (?:mail|messages)(?! from)
        (?:ящик|пользовател|аккаунт)\w*[^.]{0,40}(?:отключ|заблокирован|неактив|удал[её]н)
    """,
    Reason.MOVED: r"""
        (?:has|have) (?:moved|changed)[^.]{0,30}(?:address|to )
        user not local; please try
        new (?:e-?mail )?address is
        address has changed
    """,
    Reason.RELAYING: r"""
        relay(?:ing)?(?: \w+){0,3}? (?:denied|not (?:permitted|allowed)|prohibited|forbidden)
        (?:unable|not permitted|not allowed|cannot|don't) to relay
        not a relay
        no relay
        relay access denied
        we do not relay
        rcpthosts
    """,
    Reason.DNS: r"""
        name service error
        host not found, try
        dns (?:failure|error|lookup)
        servfail
        temporary (?:failure in )?(?:dns|name|resolution|lookup)
        cname lookup
        (?:not|n't|unable to|cannot|failed to) resolve
        name resolution
        nameserver
    """,
    Reason.NO_SUCH_DOMAIN: r"""
        (?:host|domain)(?: name)?[^.:]{0,60}(?:not found(?!, try)|invalid|no such|non.?exist)
        (?:host|domain) (?:name )?(?:\S+ )?(?:is )?unknown
        (?:host|domain)(?: name)?[^.]{0,60}does(?: not|n't) exist
        unknown (?:host|domain)
        no such (?:host|domain)
        nxdomain
        bad destination (?:host|system)
        couldn't find any host
        unrouteable (?:mail )?domain
        no mx
        all relevant mx
        (?:нет такого|не существует) домен
        домен[^.]{0,30}не (?:найден|сущ)
    """,
    Reason.UNKNOWN_USER: r"""
        (?:user|recipient|account|alias)\w*(?: \S+){0,6}? (?:unknown|invalid|undefined)
        (?:person|login|name)\w*(?: \S+){0,6}? (?:unknown|invalid|undefined)
        (?:mail ?box|address(?:ee)?)(?: \S+){0,6}? (?:unknown|invalid|undefined)
        (?:user|recipient|account|alias|person|login)\w*(?: \S+){0,6}? not (?:found|known|exist)
        (?:mail ?box|address(?:ee)?)(?: \S+){0,6}? not (?:found|known|exist|valid|recogni|a valid)
        (?:user|recipient|account|alias|name)\w*(?: \S+){0,6}? not (?:valid|recogni|listed|local)
        (?:user|recipient|account|alias|name)\w*(?: \S+){0,6}? not a valid
        (?:user|recipient|mail ?box|account|address|name)\w*(?: \S+){0,6}? does(?: not|n't) exist
        (?:user|recipient|mail ?box|account|address)\w*(?: \S+){0,6}? could not be found
        (?:user|recipient|mail ?box|account|address)\w*(?: \S+){0,6}? non.?exist
        user (?:\S+ )?doesn't have
        mail ?box (?:is )?(?:unavailable|not available)
        (?:unknown|no such|invalid|illegal|bad|incorrect) (?:\w+ ){0,3}?(?:user|recipient|alias)
        (?:unknown|no such|invalid|illegal|bad|incorrect) (?:\w+ ){0,3}?mail ?box
        (?:unknown|no such|invalid|illegal|bad|incorrect) (?:\w+ ){0,3}?(?:account|address)
        (?:unknown|no such|invalid|illegal|bad|incorrect) (?:\w+ ){0,3}?(?:local|person)
        (?:unknown|no such|invalid) (?:\w+ ){0,3}?(?:name|e-?mail)
        non.?existent (?:user|recipient|mail ?box|account|address)
        user unknown
        no mail ?box here
        no such
        not our customer
        doesn't have a \S+ account
        addressee unknown
        not a (?:valid|known) (?:user|mailbox|recip|address|account)
        unrouteable address
        not known at
        no (?:matches|users?) \b
        can't find
        not (?:\w+ )?e-?mail users?
        did not (?:exactly )?match
        unknown address
        recipient rejected
        no valid recipients
        recipients?[^.]{0,20} are not a valid
        does not have a final
        no account
        n'existe pas
        nicht bekannt|empf.{1,2}nger unbekannt
        (?:такого|указанн\w+)[^.]{0,40}не существует
        пользовател\w+ не (?:найден|существует)
        нет такого (?:польз|ящик|адрес)
        ящик[^.]{0,40}не (?:найден|существует)
        адрес[^.]{0,40}не (?:найден|существует)
        does(?: not|n't) like recipient
    """,
    Reason.SENDER: r"""
        sender (?:address )?(?:rejected|denied|blocked|refused|not)
        bad sender
        invalid sender
    """,
    Reason.TLS: r"""
        starttls
        \btls\b
        \bssl\b
        certificate
        handshake
    """,
    Reason.TIMEOUT: r"""
        timed? ?out
        did not respond
        not responding
        no (?:answer|response) from
        lost connection
        connection (?:was )?(?:dropped|closed|lost|reset)
        время ожидания
    """,
    Reason.UNREACHABLE: r"""
        connection (?:was )?refused
        (?:unable|can't|cannot|could not|couldn't) (?:to )?(?:connect|establish|reach)
        connect(?:ion)? [^.]{0,60}fail
        no route to host
        network (?:is )?unreachable
        (?:host|computer|system)[^.]{0,20} not (?:be )?reach
        unreachable
        could not be reached
    """,
    Reason.SYSTEM: r"""
        local configuration error
        disk (?:is )?full
        no space left
        file system
        internal error
        service (?:is )?(?:not available|unavailable|temporarily)
        system (?:error|failure)
        temporar(?:y|ily) (?:failure|error|problem|unavail|reject|deferred)
        resources
        command (?:died|output|line)
        encountered an error
        server error
        out of memory
        local (?:error|problem)
        temporary
        config error
        permission denied
    """,
    Reason.PROTOCOL: r"""
        syntax error
        bad sequence
        command (?:not|un)
        protocol error
        unrecogni[sz]ed command
    """,
    Reason.ROUTING: r"""
        no (?:final )?(?:route|gateway)
        unroute?able
        unable to route
        could not find a gateway
        routing error
    """,
    Reason.POLICY: r"""
        polic(?:y|ies)
        not (?:authori[sz]ed|allowed|permitted|accept)
        prohibit
        administrative
        access denied
        restrict
        refused
        blocked
        rejected for
        denied
        запрещ
        отклонен
        политик
    """,
    Reason.EXPIRED: r"""
        too (?:old|long in)
        retry timeout
        (?:delivery|message|queue)[^.]{0,30}expired
        (?:after|failed) \d+ (?:attempts|days|hours)
        within \d+ (?:days|hours)
        been undeliverable
        aborted after
        unsuccessful delivery attempts
    """,
}
