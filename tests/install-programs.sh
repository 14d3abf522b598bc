#!/bin/sh
# Installs the Debian packages whose programs the tests, the benchmark and the set-up call.
#
#   install-programs.sh [PACKAGE...]            install what is missing (default: all below)
#   install-programs.sh --missing [PACKAGE...]  only name what is missing, one a line
#
# Quiet when nothing is missing. Starts no service and removes no package. Where it may not
# install it says so and leaves the tests to skip; with CI=true that is a failure.
set -u
PATH=$PATH:/usr/sbin:/sbin
ALL='postfix swaks libnet-ssleay-perl libauthen-sasl-perl msmtp curl mpop fetchmail haproxy strace
    nftables iproute2 iptables authbind systemd fail2ban opendkim-tools php-cli chromium npm'

present() {
    case $1 in
        postfix) command -v postconf && command -v smtp-source ;;
        dovecot-pop3d) test -x /usr/lib/dovecot/pop3-login ;;
        fail2ban) command -v fail2ban-regex ;;
        python3-venv) "${PY:-python3}" -c 'import ensurepip, venv' ;;
        libnet-ssleay-perl) perl -MNet::SSLeay -e 1 ;;
        nftables) command -v nft ;;
        iproute2) command -v ip ;;
        opendkim-tools) command -v opendkim-testmsg ;;
        php-cli) command -v php ;;
        testssl.sh) command -v testssl ;;
        systemd) command -v systemd-socket-activate ;;
        libauthen-sasl-perl) perl -MAuthen::SASL -e 1 ;;
        *) command -v "$1" ;;
    esac >/dev/null 2>&1
}

missing() {
    for package; do
        present "$package" || echo "$package"
    done
}

say() { echo "install-programs: $*" >&2; }

give_up() {
    say "$1"
    say "missing: $2; on Debian run: apt-get install --no-install-recommends $2"
    [ "${CI:-}" = true ] && exit 1
    exit 0
}

only_name=
if [ "${1:-}" = --missing ]; then only_name=yes; shift; fi
# Package names hold no spaces, so splitting is meant here and below.
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $ALL
lacking=$(missing "$@" | tr '\n' ' ')
lacking=${lacking% }
if [ -n "$only_name" ]; then missing "$@"; exit 0; fi
[ -n "$lacking" ] || exit 0

command -v apt-get >/dev/null 2>&1 || give_up 'this is no Debian: no apt-get' "$lacking"
if [ "$(id -u)" = 0 ]; then as_root=
elif sudo -n true 2>/dev/null; then as_root='sudo -n'
else give_up 'not root, and sudo wants a password' "$lacking"
fi

# A policy of 101 keeps the packages' scripts from starting anything (a second Postfix, say).
policy=/usr/sbin/policy-rc.d
made_policy=
undo_policy() { [ -z "$made_policy" ] || $as_root rm -f "$policy"; }
trap undo_policy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ ! -e "$policy" ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
fi

# Without a main.cf of its own the packaged Postfix does not start at the next boot either.
case " $lacking " in *' postfix '*)
    echo 'postfix postfix/main_mailer_type select No configuration' |
        $as_root debconf-set-selections 2>/dev/null
esac

# --no-remove: never take another mail server off the machine to make room for Postfix.
apt_install() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes \
        --no-install-recommends --no-remove "$@" </dev/null >"$log" 2>&1
}

log=$(mktemp)
trap 'rm -f "$log"; undo_policy' EXIT
say "installing $lacking"
# shellcheck disable=SC2086
if ! apt_install $lacking; then
    $as_root apt-get update --quiet --quiet </dev/null >"$log" 2>&1
    for package in $lacking; do
        apt_install "$package" || { say "$package:"; grep '^E:' "$log" >&2 || tail -n 3 "$log" >&2; }
    done
fi
# Only its program that tries filters is wanted: no jail must come up at the next boot.
case " $lacking " in *' fail2ban '*)
    $as_root systemctl disable fail2ban >/dev/null 2>&1 || $as_root update-rc.d fail2ban disable
esac
# shellcheck disable=SC2086
lacking=$(missing $lacking | tr '\n' ' ')
[ -z "$lacking" ] || give_up 'not everything could be installed' "${lacking% }"
