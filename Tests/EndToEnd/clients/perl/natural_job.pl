# What a program on Amazon::SQS::Simple does with SQS, part by part: natural_job.pl URL PART.
use strict;
use warnings;

use Amazon::SQS::Simple;
use Digest::MD5 qw(md5_hex);
use Encode qw(encode);
use JSON::PP;
use Test::More;
use utf8;

my ($url, $part) = @ARGV;
my $sqs = Amazon::SQS::Simple->new('test', 'test', Endpoint => $url, Timeout => 30);

open my $file, '<:raw', $ENV{BODIES} or die "$ENV{BODIES}: $!";
my $bodies = decode_json(do { local $/; <$file> });

my $names = 0;

sub name { return "perl-$$-" . time . '-' . $names++ }

# The client dies with the whole HTTP answer as text.
sub refused {
    my ($status, $code, $call) = @_;
    eval { $call->(); 1 } and return fail("$code was expected, the call succeeded");
    like($@, qr/^Got an error: HTTP\S+ $status /, "status of $code");
    like($@, qr{<Type>Sender</Type><Code>\Q$code\E</Code>}, $code);
}

sub attributes {
    my ($queue, @names) = @_;
    my $attributes = $queue->GetAttributes();
    return [map { $attributes->{$_} } @names];
}

my @states = map {"ApproximateNumberOfMessages$_"} '', 'NotVisible', 'Delayed';

my %parts = (
    queues => sub {
        my $name = name();
        my $queue = $sqs->CreateQueue($name, 'Attribute.1.Name' => 'VisibilityTimeout', 'Attribute.1.Value' => 7);
        is("$queue", "$url/000000000000/$name", 'the URL has the port that the Host header lacks');
        is_deeply(attributes($queue, 'VisibilityTimeout', 'QueueArn'),
            [7, "arn:aws:sqs:us-east-1:000000000000:$name"], 'attributes');
        $queue->SetAttribute('VisibilityTimeout', 8);
        is_deeply(attributes($queue, 'VisibilityTimeout'), [8], 'a changed attribute');
        is_deeply($queue->GetAttributes(AttributeName => 'VisibilityTimeout'), { VisibilityTimeout => 8 }, 'one attribute');
        is_deeply([map {"$_"} @{ $sqs->ListQueues(QueueNamePrefix => $name) }], ["$queue"], 'list');
        $queue->Delete();
        is($sqs->ListQueues(QueueNamePrefix => $name), undef, 'list of nothing');
    },
    messages => sub {
        my $queue = $sqs->CreateQueue(name());
        is(scalar $queue->ReceiveMessage(), undef, 'an empty queue');
        for my $body (@$bodies) {
            my $sent = $queue->SendMessage($body);
            is($sent->MD5OfMessageBody, md5_hex(encode('UTF-8', $body)), 'MD5 of the sent body');
            my $message = $queue->ReceiveMessage(WaitTimeSeconds => 5);
            is($message->MessageBody, $body, 'body');
            is($message->MessageId, $sent->MessageId, 'message id');
            is($message->MD5OfBody, $sent->MD5OfMessageBody, 'MD5 of the received body');
            $queue->DeleteMessage($message);
        }
        ok($queue->SendMessage('plain')->VerifyReceipt, 'the client verifies the MD5 itself');
        my $message = $queue->ReceiveMessage('AttributeName.1' => 'ApproximateReceiveCount');
        is_deeply($message->{Attribute}, { Name => 'ApproximateReceiveCount', Value => 1 }, 'system attribute');
    },
    batches => sub {
        my $queue = $sqs->CreateQueue(name());
        my %bodies = map { ("id-$_" => "$_ é\r\n+&") } 1 .. 10;
        my %digests = map { $_->{Id} => $_->MD5OfMessageBody } $queue->SendMessageBatch(\%bodies);
        is_deeply(\%digests, { map { $_ => md5_hex(encode('UTF-8', $bodies{$_})) } keys %bodies }, 'MD5s');
        my @messages = $queue->ReceiveMessageBatch();
        is_deeply([sort map { $_->MessageBody } @messages], [sort values %bodies], 'bodies');
        my $answer = $queue->DeleteMessageBatch(\@messages);
        is(scalar @{ $answer->{DeleteMessageBatchResult}{DeleteMessageBatchResultEntry} }, 10, 'deleted');
        is_deeply(attributes($queue, @states), [0, 0, 0], 'nothing is left');
        $queue->SendMessageBatch([1 .. 3]);
        is_deeply(attributes($queue, @states), [3, 0, 0], 'a batch with ids made by the client');
    },
    visibility => sub {
        my $queue = $sqs->CreateQueue(name());
        $queue->SendMessage('again');
        my $message = $queue->ReceiveMessage(VisibilityTimeout => 60);
        is(scalar $queue->ReceiveMessage(), undef, 'it is hidden');
        $queue->ChangeMessageVisibility($message->ReceiptHandle, 0);
        is($queue->ReceiveMessage()->MessageId, $message->MessageId, 'it is back');
        $queue->SendMessage('delayed', DelaySeconds => 900);
        is_deeply(attributes($queue, @states), [0, 1, 1], 'in flight and delayed');
        $queue->Purge();
        is_deeply(attributes($queue, @states), [0, 0, 0], 'purged');
        refused(403, 'AWS.SimpleQueueService.PurgeQueueInProgress', sub { $queue->Purge() });
    },
    redrive => sub {
        my ($dead, $queue) = map { $sqs->CreateQueue(name()) } 1 .. 2;
        my $policy = { deadLetterTargetArn => attributes($dead, 'QueueArn')->[0], maxReceiveCount => 1 };
        # The client escapes nothing but bodies and handles.
        $queue->SetAttribute('RedrivePolicy', encode_json($policy));
        is_deeply(decode_json(attributes($queue, 'RedrivePolicy')->[0]), $policy, 'redrive policy');
        $queue->SendMessage('poison');
        $queue->ReceiveMessage(VisibilityTimeout => 0);
        is(scalar $queue->ReceiveMessage(), undef, 'it is not received again');
        is($dead->ReceiveMessage(WaitTimeSeconds => 5)->MessageBody, 'poison', 'it is in the dead-letter queue');
    },
    permissions => sub {
        my $queue = $sqs->CreateQueue(name());
        $queue->AddPermission('one', { '111111111111' => ['SendMessage', 'ReceiveMessage'] });
        my ($statement) = @{ decode_json(attributes($queue, 'Policy')->[0])->{Statement} };
        is($statement->{Sid}, 'one', 'label');
        # The client repeats the account for each of its actions.
        is_deeply([sort @{ $statement->{Action} }], ['SQS:ReceiveMessage', 'SQS:SendMessage'], 'actions');
        $queue->RemovePermission('one');
        is_deeply(attributes($queue, 'Policy'), [undef], 'no policy is left');
        refused(400, 'InvalidParameterValue', sub { $queue->RemovePermission('one') });
    },
    errors => sub {
        my $name = name();
        my $queue = $sqs->CreateQueue($name);
        my $missing = $sqs->GetQueue("$queue-missing");
        refused(400, 'AWS.SimpleQueueService.NonExistentQueue', sub { $missing->SendMessage('hello') });
        like($@, qr/The specified queue does not exist for this wsdl version\./, 'message');
        refused(400, 'AWS.SimpleQueueService.NonExistentQueue', sub { $missing->Delete() });
        refused(400, 'QueueAlreadyExists', sub {
            $sqs->CreateQueue($name, 'Attribute.1.Name' => 'DelaySeconds', 'Attribute.1.Value' => 6);
        });
        refused(404, 'ReceiptHandleIsInvalid', sub { $queue->DeleteMessage('made-up') });
        refused(404, 'ReceiptHandleIsInvalid', sub { $queue->ChangeMessageVisibility('made-up', 0) });
        refused(400, 'InvalidParameterValue', sub { $queue->ReceiveMessage(MaxNumberOfMessages => 11) });
        refused(400, 'MissingParameter', sub { $queue->SendMessage('') });
        refused(400, 'InvalidMessageContents', sub { $queue->SendMessage("\x01") });
        refused(400, 'InvalidAttributeName', sub { $queue->GetAttributes(AttributeName => 'Colour') });
        refused(400, 'InvalidAttributeValue', sub { $queue->SetAttribute('VisibilityTimeout', 43201) });
        refused(400, 'AWS.SimpleQueueService.EmptyBatchRequest', sub { $queue->SendMessageBatch([]) });
        $queue->Delete();
        refused(400, 'AWS.SimpleQueueService.QueueDeletedRecently', sub { $sqs->CreateQueue($name) });
    },
);

binmode $_, ':utf8' for Test::More->builder->output, Test::More->builder->failure_output;
$parts{$part}->();
done_testing();
