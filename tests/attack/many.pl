# Sends from many loopback addresses at once, and says how long that took, and for each how much came through:
# "ADDRESS SENT THROUGH" a line.
# usage: perl many.pl udp|tcp PORT COUNT SECONDS ADDRESS…    (udp: OPTIONS of a stranger; tcp: connections)
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Socket qw(pack_sockaddr_in inet_aton);

my ($kind, $port, $count, $seconds, @sources) = @ARGV;
my $to = pack_sockaddr_in($port, inet_aton("127.0.0.1"));
my (%sent, %answered);

sub now { open my $clock, "<", "/proc/uptime" or die $!; return (split " ", <$clock>)[0] }

sub pause { select undef, undef, undef, $_[0] }

sub options {
    my ($source, $number) = @_;
    return join("\r\n", "OPTIONS sip:nobody\@127.0.0.1 SIP/2.0", "Via: SIP/2.0/UDP $source:9;rport;branch=z9hG4bK$source-$number",
        "From: <sip:nobody\@$source>;tag=1", "To: <sip:nobody\@127.0.0.1>", "Call-ID: $number\@$source",
        "CSeq: 1 OPTIONS", "Max-Forwards: 70", "Content-Length: 0", "", "");
}

if ($kind eq "udp") {
    my $select = IO::Select->new;
    my %socket = map { $_ => IO::Socket::INET->new(Proto => "udp", LocalAddr => $_, Blocking => 0) } @sources;
    my %source = map { $socket{$_} => $_ } @sources;
    $select->add(values %socket);
    my $hear = sub {
        for my $ready ($select->can_read($_[0])) {
            while (defined $ready->recv(my $answer, 4096)) { $answered{$source{$ready}}{$1} = 1 if $answer =~ /^Call-ID: (\d+)/mi }
        }
    };
    my $began = now();
    for my $number (1 .. $count) {
        for my $source (@sources) { $socket{$source}->send(options($source, $number), 0, $to) and $sent{$source}++ }
        $hear->(0);
        pause($seconds / $count);
    }
    printf "took %.3f\n", now() - $began;
    my $end = time + 3;
    $hear->(0.2) while time < $end;
    print "$_ $sent{$_} ", scalar(keys %{$answered{$_} // {}}), "\n" for @sources;
} else {
    my ($began, %tried) = now();
    for my $number (1 .. $count) {
        for my $source (@sources) {
            push @{$tried{$source}}, IO::Socket::INET->new(
                Proto => "tcp", LocalAddr => $source, PeerAddr => "127.0.0.1", PeerPort => $port, Blocking => 0);
        }
        pause($seconds / $count);
    }
    my %through = map { $_ => scalar grep { $_ && $_->connected } @{$tried{$_}} } @sources;
    printf "took %.3f\n", now() - $began;
    print "$_ $count $through{$_}\n" for @sources;
}
