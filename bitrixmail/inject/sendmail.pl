#!/usr/bin/perl
# sendmail, as far as a program that has mail to send needs it: writes the message with its arguments
# into the pickup directory, durable, and is done. The server takes it in from there; it need not run.
#
# Loads no module, not even strict: each costs about as long as all the rest. What a message needs
# beyond writing it down (addresses, fields, line ends) is the server's work, docs/sendmail.md. The
# rare ways to call it are those of the Python program beside it, which does all this as well.

# Filled in by `bitrixmail sendmail install`. Flags and numbers are those of this kind of machine.
$folder = '@FOLDER@';
$most = @MOST@;          # octets of a message, 0: any
$create = @CREATE@;      # O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
$listing = @LISTING@;    # O_RDONLY | O_DIRECTORY | O_CLOEXEC
$fsync = @FSYNC@;        # the number of that system call
@whole = ('@PYTHON@', '-I', '-S', '@WHOLE@');

# Of sysexits.h
$usage = 64; $data = 65; $software = 70; $input = 74; $later = 75; $denied = 77;

sub fail {
    my ($code, $text) = @_;
    unlink $fresh if defined $fresh;
    print STDERR "sendmail: $text\n";
    exit $code;
}

sub hand_over {
    exec { $whole[0] } @whole, @_;
    fail($software, "$whole[0] can't be run: $! (run again: bitrixmail sendmail install)");
}

# An address as it stands in a slip. White space means the same there, whichever it is.
sub address {
    my ($given, $what) = @_;
    $given =~ tr/\t/ /;
    $given =~ /[\r\n\0]/ and fail($usage, "$what holds a line end");
    $given =~ /[\x01-\x1f\x7f]/ and fail($usage, "$what holds a control character");
    return $given;
}

@given = @ARGV;
$0 =~ m{(?:^|/)mailq$} and hand_over('-bp', @given);
$0 =~ m{(?:^|/)newaliases$} and hand_over('-bi', @given);

while (@ARGV) {
    $word = shift;
    if ($word eq '--') { push @to, @ARGV; last }
    if ($word !~ /^-./s) { push @to, $word; next }
    $rest = substr $word, 1;
    while ($rest ne '') {
        $flag = substr $rest, 0, 1, '';
        if ($flag eq 't') { $from_fields = 1 }
        elsif ($flag eq 'i') { $dots = 1 }
        elsif (index('vGUnmEcsx', $flag) >= 0) { }
        elsif ($flag eq 'q' or $flag eq 'I') { hand_over(@given) }
        elsif ($flag eq 'd') { $rest = '' }
        elsif (index('frFbBNRVOoeAChLpX', $flag) >= 0) {
            if ($rest eq '') {
                @ARGV or fail($usage, "-$flag lacks its value");
                $rest = shift;
            }
            ($value, $rest) = ($rest, '');
            $value =~ /[\r\n\0]/ and fail($usage, "the value of -$flag holds a line end");
            if ($flag eq 'f' or $flag eq 'r') { $sender = address($value, "the value of -$flag") }
            elsif ($flag eq 'F') { ($name = $value) =~ tr/\x01-\x1f\x7f/ / }
            elsif ($flag eq 'o') { $dots = 1 if $value eq 'i' }
            elsif ($flag eq 'b') {
                next if $value eq 'm';
                hand_over(@given) if index('spiv', $value) >= 0;
                fail($usage, "-b$value is not for this program (see docs/sendmail.md)");
            }
            elsif ($flag eq 'N') {
                $value =~ /^(?:never|(?:success|failure|delay)(?:,(?:success|failure|delay))*)$/i
                    or fail($usage, "-N takes never, or some of success,failure,delay");
                $notify = $value;
            }
            elsif ($flag eq 'R') {
                $value =~ /^(?:full|hdrs)$/i or fail($usage, "-R takes full or hdrs");
                $ret = $value;
            }
            elsif ($flag eq 'V') {
                $value =~ /^[!-~]{1,100}$/ or fail($usage, "-V takes up to 100 visible characters");
                $envid = $value;
            }
            elsif ($flag eq 'B') { $body = $value if $value =~ /^(?:7BIT|8BITMIME)$/i }
        }
        else { fail($usage, "-$flag is unknown (see docs/sendmail.md)") }
    }
}
@to = grep { /[^ \t,;]/ } @to;
@to or $from_fields or fail($usage, "no recipient (name one, or let -t read them from the message)");

# The slip before the message, see pickup/slip.py: a line each, then an empty one.
$slip = "bitrixmail-pickup 1\n";
defined $sender and $slip .= "sender $sender\n";
defined $name and $slip .= "name $name\n";
defined $notify and $slip .= "notify $notify\n";
defined $ret and $slip .= "ret $ret\n";
defined $envid and $slip .= "envid $envid\n";
defined $body and $slip .= "body $body\n";
$from_fields and $slip .= "fields\n";
for (@to) {
    $slip .= 'recipient ' . address($_, 'a recipient') . "\n";
    $many += 1 + tr/,//;
}
$many > 10000 and fail($usage, "too many recipients for one call (at most 10000)");
length $slip > 1048576 and fail($usage, "too many recipients for one call (at most 1 MiB of them)");
$slip .= "\n";

umask 0;
binmode STDIN;
for (1 .. 10) {
    $fresh = "$folder/t." . time . ".$$." . int rand 1e9;
    # The directory's group may read it, which is the server's; nobody else.
    last if $made = sysopen FILE, $fresh, $create, 0640;
    last if $! != 17; # EEXIST
}
if (!$made) {
    undef $fresh;
    $! == 13 and fail($denied, "$folder: $! (who may write there: docs/sendmail.md)");
    fail($later, "$folder: $! (who may write there: docs/sendmail.md)");
}

sub put {
    my ($octets, $at) = ($_[0], 0);
    while ($at < length $octets) {
        my $count = syswrite FILE, $octets, length($octets) - $at, $at;
        if (defined $count) { $at += $count }
        elsif ($! != 4) { fail($later, "the message can't be kept: $!") } # EINTR
    }
}

# Follows the header section in what comes, as the server does, until a field names recipients.
sub follow {
    my ($end, $at) = (0, 0);
    $lines .= $_[0];
    while (!$named and ($end = index $lines, "\n", $at) >= 0 || $last && $at < length $lines) {
        $end = length($lines) - 1 if $end < 0;
        my $line = substr $lines, $at, $end + 1 - $at;
        $at = $end + 1;
        $line =~ s/[\r\n]+$//;
        $line =~ tr/\r\0/ /;
        my $start = !$followed++;
        if ($passed + $at > 262144) { $ended = 1; last } # as far as the server looks
        if ($line =~ /^([!-9;-~]+)[ \t]*:/) {
            $fields = 1;
            $named = 1 if $1 =~ /^(?:Resent-)?(?:To|Cc|Bcc)$/i;
        }
        elsif (!($fields and $line =~ /^[ \t]/ or $start and $line =~ /^>?From /)) { $ended = 1; last }
    }
    $passed += $at;
    $lines = substr $lines, $at;
    $named or !$ended and !$last and $passed + length $lines <= 262144
        or fail($usage, "no recipient: the message has no field To, Cc or Bcc");
}

# The slip goes out with the first octets of the message: all of them, or 64 KiB. At the start of a
# line `held` keeps what may be a line of one dot, which ends a message unless -i is given.
$blind = ($from_fields and !@to);
($pending, $size, $first, $fresh_line) = ('', 0, 1, 1);
while (1) {
    $count = sysread STDIN, $pending, 65536, length $pending;
    if (!defined $count) {
        next if $! == 4;
        fail($input, "the message can't be read: $!");
    }
    $last = !$count;
    next if $first and !$last and length $pending < 65536
        and ($dots or $pending !~ /(?:^|\n)\.\r?\n/);
    $held = '';
    if (!$dots) {
        if ($pending =~ ($fresh_line ? qr/(?:^|\n)\.\r?(?:\n|\z)/ : qr/\n\.\r?(?:\n|\z)/)) {
            # A dot at the end of what was read is alone if nothing follows.
            if ($last or substr($pending, $+[0] - 1, 1) eq "\n") {
                $keep = $-[0] + (substr($pending, $-[0], 1) eq "\n");
                substr $pending, $keep, length($pending) - $keep, '';
                $last = 1;
            }
            else {
                $keep = $-[0] + (substr($pending, $-[0], 1) eq "\n");
                $held = substr $pending, $keep, length($pending) - $keep, '';
            }
        }
        $fresh_line = substr($pending, -1) eq "\n" if $pending ne '';
    }
    $size += length $pending;
    $most and $size > $most
        and fail($data, "the message is larger than $most octets (set smtp.max_size, then run again: bitrixmail sendmail install)");
    follow($pending) if $blind and !$named;
    if ($first) {
        if ($last) {
            # Who finds only a part of it, or other octets, can tell
            $sum = unpack '%32C*', $pending;
            substr $slip, -1, 0, "whole $size $sum\n";
            $summed = 1;
        }
        $pending = $slip . $pending;
        $first = 0;
    }
    put($pending);
    $pending = $held;
    last if $last;
}

# Durable before it can be seen: whoever sees it sees all of it, also after the power failed. One that
# says what it is as a whole need not be: it is seen first, and the one sync that follows writes the
# octets and the name.
$summed or syscall($fsync, fileno FILE) == 0 or fail($later, "the message can't be made durable: $!");
# No two files of that directory have the same number.
$kept = "$folder/m." . time . "." . (stat FILE)[1] . ".$$";
rename $fresh, $kept or fail($later, "the message can't be kept: $!");
$fresh = $kept;
# Who may not list the directory can't sync it; the file's own sync writes down its new name too.
$named = (!$summed and sysopen DIR, $folder, $listing);
$done = syscall($fsync, $named ? fileno DIR : fileno FILE);
if ($done != 0 and !($named and $! == 22)) { # EINVAL: nothing to sync in directories of this kind
    $why = "$!";
    # Where it can't be taken back the server has it already, and that is durable.
    unlink $kept and fail($later, "the message can't be made durable: $why");
}
exit 0;
