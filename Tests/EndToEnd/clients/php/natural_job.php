<?php
// What a program on AsyncAws does with SQS, part by part: natural_job.php URL PART.

require_once 'AsyncAws/Sqs/autoload.php';
require_once 'Symfony/Component/HttpClient/autoload.php';

use AsyncAws\Core\Exception\Http\ClientException;
use AsyncAws\Sqs\Exception as SqsException;
use AsyncAws\Sqs\SqsClient;

[, $url, $part] = $argv;
$sqs = new SqsClient(['endpoint' => $url, 'accessKeyId' => 'test', 'accessKeySecret' => 'test']);
$bodies = json_decode(file_get_contents(getenv('BODIES')), true, 512, JSON_THROW_ON_ERROR);

function name(string $suffix = ''): string
{
    return 'php-' . bin2hex(random_bytes(12)) . $suffix;
}

function same($found, $expected): void
{
    if ($found !== $expected) {
        throw new Exception(var_export($found, true) . ' is not ' . var_export($expected, true));
    }
}

/** The call throws this exception, which AsyncAws chooses by the error code. */
function refused(int $status, string $code, string $class, callable $call): ClientException
{
    try {
        // Results are lazy: the request is over when it is resolved.
        $call()->resolve();
    } catch (ClientException $error) {
        same([$error->getCode(), $error->getAwsCode(), $error->getAwsType()], [$status, $code, 'Sender']);
        same(get_class($error), $class);
        return $error;
    }
    throw new Exception("the call succeeded, $code was expected");
}

function newQueue(array $attributes = []): string
{
    global $sqs;
    return $sqs->createQueue(['QueueName' => name(), 'Attributes' => $attributes])->getQueueUrl();
}

function states(string $queue): array
{
    global $sqs;
    $names = array_map(fn ($state) => "ApproximateNumberOfMessages$state", ['', 'NotVisible', 'Delayed']);
    $attributes = $sqs->getQueueAttributes(['QueueUrl' => $queue, 'AttributeNames' => $names])->getAttributes();
    return array_map(fn ($name) => (int) $attributes[$name], $names);
}

function receive(string $queue, array $options = []): array
{
    global $sqs;
    return $sqs->receiveMessage(['QueueUrl' => $queue] + $options)->getMessages();
}

$parts = [
    'queues' => function () use ($sqs, $url) {
        $name = name();
        $queue = $sqs->createQueue([
            'QueueName' => $name,
            'Attributes' => ['VisibilityTimeout' => '7', 'DelaySeconds' => '1'],
            'tags' => ['team' => 'Größe'],
        ])->getQueueUrl();
        same($queue, "$url/000000000000/$name");
        $attributes = $sqs->getQueueAttributes(['QueueUrl' => $queue, 'AttributeNames' => ['All']])->getAttributes();
        same([$attributes['VisibilityTimeout'], $attributes['DelaySeconds']], ['7', '1']);
        same($attributes['QueueArn'], "arn:aws:sqs:us-east-1:000000000000:$name");
        same($sqs->getQueueUrl(['QueueName' => $name])->getQueueUrl(), $queue);
        for ($number = 0; $number < 4; ++$number) {
            $sqs->createQueue(['QueueName' => "$name-$number"])->resolve();
        }
        // The client fetches one page after the other.
        $urls = iterator_to_array($sqs->listQueues(['QueueNamePrefix' => $name, 'MaxResults' => 2])->getQueueUrls(), false);
        same($urls, [$queue, "$queue-0", "$queue-1", "$queue-2", "$queue-3"]);
        same($sqs->queueExists(['QueueName' => $name])->isSuccess(), true);
        $sqs->deleteQueue(['QueueUrl' => $queue])->resolve();
        $waiter = $sqs->queueExists(['QueueName' => $name]);
        same([$waiter->isSuccess(), $waiter->getState()], [false, 'pending']);
        same(iterator_to_array($sqs->listQueues(['QueueNamePrefix' => "$name-x"])->getQueueUrls()), []);
    },
    'messages' => function () use ($sqs, $bodies) {
        $queue = newQueue();
        same(receive($queue), []);
        $attributes = [
            'color' => ['DataType' => 'String', 'StringValue' => "blue\r\n<green> ä"],
            'count' => ['DataType' => 'Number.int', 'StringValue' => '42'],
            'blob' => ['DataType' => 'Binary', 'BinaryValue' => implode('', array_map('chr', range(0, 255)))],
        ];
        foreach ($bodies as $body) {
            $sent = $sqs->sendMessage(['QueueUrl' => $queue, 'MessageBody' => $body, 'MessageAttributes' => $attributes]);
            same($sent->getMd5OfMessageBody(), md5($body));
            [$message] = receive($queue, [
                'AttributeNames' => ['All'], 'MessageAttributeNames' => ['All'], 'WaitTimeSeconds' => 5,
            ]);
            same($message->getBody(), $body);
            same([$message->getMessageId(), $message->getMd5OfBody()], [$sent->getMessageId(), md5($body)]);
            same($message->getMd5OfMessageAttributes(), $sent->getMd5OfMessageAttributes());
            same($message->getAttributes()['ApproximateReceiveCount'], '1');
            foreach ($attributes as $name => $attribute) {
                $found = $message->getMessageAttributes()[$name];
                same($found->getDataType(), $attribute['DataType']);
                same($found->getStringValue(), $attribute['StringValue'] ?? null);
                same($found->getBinaryValue(), $attribute['BinaryValue'] ?? null);
            }
            $sqs->deleteMessage(['QueueUrl' => $queue, 'ReceiptHandle' => $message->getReceiptHandle()])->resolve();
        }
        same(states($queue), [0, 0, 0]);
    },
    'batches' => function () use ($sqs) {
        $queue = newQueue(['MaximumMessageSize' => '1024']);
        $entries = array_map(fn ($number) => ['Id' => "id-$number", 'MessageBody' => "$number é\r+&"], range(1, 9));
        $answer = $sqs->sendMessageBatch(
            ['QueueUrl' => $queue, 'Entries' => [...$entries, ['Id' => 'long', 'MessageBody' => str_repeat('x', 1025)]]]
        );
        $digests = array_map(fn ($each) => [$each->getId(), $each->getMd5OfMessageBody()], $answer->getSuccessful());
        same($digests, array_map(fn ($each) => [$each['Id'], md5($each['MessageBody'])], $entries));
        [$failed] = $answer->getFailed();
        same([$failed->getId(), $failed->getCode(), $failed->getSenderFault()], ['long', 'InvalidParameterValue', true]);

        $messages = receive($queue, ['MaxNumberOfMessages' => 10]);
        $received = array_map(fn ($message) => $message->getBody(), $messages);
        sort($received);
        same($received, array_column($entries, 'MessageBody'));
        $handles = array_map(
            fn ($message) => ['Id' => $message->getMessageId(), 'ReceiptHandle' => $message->getReceiptHandle()],
            $messages
        );
        $answer = $sqs->changeMessageVisibilityBatch([
            'QueueUrl' => $queue,
            'Entries' => array_map(fn ($each) => $each + ['VisibilityTimeout' => 60], $handles),
        ]);
        same([count($answer->getSuccessful()), $answer->getFailed()], [9, []]);
        $answer = $sqs->deleteMessageBatch(
            ['QueueUrl' => $queue, 'Entries' => [...$handles, ['Id' => 'bad', 'ReceiptHandle' => 'made-up']]]
        );
        [$failed] = $answer->getFailed();
        same([count($answer->getSuccessful()), $failed->getId(), $failed->getCode()], [9, 'bad', 'ReceiptHandleIsInvalid']);
    },
    'visibility' => function () use ($sqs) {
        $queue = newQueue();
        $sqs->sendMessage(['QueueUrl' => $queue, 'MessageBody' => 'again'])->resolve();
        [$message] = receive($queue, ['VisibilityTimeout' => 60]);
        same(receive($queue), []);
        $sqs->changeMessageVisibility(
            ['QueueUrl' => $queue, 'ReceiptHandle' => $message->getReceiptHandle(), 'VisibilityTimeout' => 0]
        )->resolve();
        [$message] = receive($queue, ['AttributeNames' => ['ApproximateReceiveCount']]);
        same($message->getAttributes(), ['ApproximateReceiveCount' => '2']);
        $sqs->sendMessage(['QueueUrl' => $queue, 'MessageBody' => 'delayed', 'DelaySeconds' => 900])->resolve();
        same(states($queue), [0, 1, 1]);
        $sqs->purgeQueue(['QueueUrl' => $queue])->resolve();
        same(states($queue), [0, 0, 0]);
    },
    'fifo' => function () use ($sqs) {
        $attributes = ['FifoQueue' => 'true', 'ContentBasedDeduplication' => 'true'];
        $queue = $sqs->createQueue(['QueueName' => name('.fifo'), 'Attributes' => $attributes])->getQueueUrl();
        $first = $sqs->sendMessage(['QueueUrl' => $queue, 'MessageBody' => '1', 'MessageGroupId' => 'a']);
        $again = $sqs->sendMessage(['QueueUrl' => $queue, 'MessageBody' => '1', 'MessageGroupId' => 'a']);
        same([$again->getMessageId(), $again->getSequenceNumber()], [$first->getMessageId(), $first->getSequenceNumber()]);
        $sqs->sendMessage(
            ['QueueUrl' => $queue, 'MessageBody' => '2', 'MessageGroupId' => 'a', 'MessageDeduplicationId' => 'd2']
        )->resolve();
        $messages = receive($queue, ['AttributeNames' => ['All'], 'MaxNumberOfMessages' => 10]);
        same(array_map(fn ($message) => $message->getBody(), $messages), ['1', '2']);
        same($messages[0]->getAttributes()['SequenceNumber'], $first->getSequenceNumber());
        same($messages[0]->getAttributes()['MessageDeduplicationId'], hash('sha256', '1'));
        same($messages[1]->getAttributes()['MessageDeduplicationId'], 'd2');
        refused(400, 'MissingParameter', ClientException::class,
            fn () => $sqs->sendMessage(['QueueUrl' => $queue, 'MessageBody' => 'without a group']));
    },
    'redrive' => function () use ($sqs) {
        $dead = newQueue();
        $arn = $sqs->getQueueAttributes(['QueueUrl' => $dead, 'AttributeNames' => ['QueueArn']])->getAttributes()['QueueArn'];
        $queue = newQueue(['RedrivePolicy' => json_encode(['deadLetterTargetArn' => $arn, 'maxReceiveCount' => '1'])]);
        $sqs->sendMessage(['QueueUrl' => $queue, 'MessageBody' => "poison\r"])->resolve();
        same(count(receive($queue, ['VisibilityTimeout' => 0])), 1);
        same(receive($queue), []);
        [$moved] = receive($dead, ['WaitTimeSeconds' => 5]);
        same($moved->getBody(), "poison\r");
    },
    'errors' => function () use ($sqs) {
        $name = name();
        $queue = $sqs->createQueue(['QueueName' => $name])->getQueueUrl();
        $error = refused(400, 'AWS.SimpleQueueService.NonExistentQueue', SqsException\QueueDoesNotExistException::class,
            fn () => $sqs->getQueueUrl(['QueueName' => "$name-missing"]));
        same($error->getAwsMessage(), 'The specified queue does not exist for this wsdl version.');
        // For this action the client has no exception of its own.
        refused(400, 'AWS.SimpleQueueService.NonExistentQueue', ClientException::class,
            fn () => $sqs->sendMessage(['QueueUrl' => "$queue-missing", 'MessageBody' => 'hello']));
        refused(400, 'QueueAlreadyExists', SqsException\QueueNameExistsException::class,
            fn () => $sqs->createQueue(['QueueName' => $name, 'Attributes' => ['DelaySeconds' => '6']]));
        refused(404, 'ReceiptHandleIsInvalid', SqsException\ReceiptHandleIsInvalidException::class,
            fn () => $sqs->deleteMessage(['QueueUrl' => $queue, 'ReceiptHandle' => 'made-up']));
        refused(400, 'InvalidParameterValue', ClientException::class,
            fn () => $sqs->receiveMessage(['QueueUrl' => $queue, 'MaxNumberOfMessages' => 11]));
        refused(400, 'MissingParameter', ClientException::class,
            fn () => $sqs->sendMessage(['QueueUrl' => $queue, 'MessageBody' => '']));
        refused(400, 'InvalidMessageContents', SqsException\InvalidMessageContentsException::class,
            fn () => $sqs->sendMessage(['QueueUrl' => $queue, 'MessageBody' => "\x01"]));
        refused(400, 'AWS.SimpleQueueService.EmptyBatchRequest', SqsException\EmptyBatchRequestException::class,
            fn () => $sqs->sendMessageBatch(['QueueUrl' => $queue, 'Entries' => []]));
        refused(400, 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct', SqsException\BatchEntryIdsNotDistinctException::class,
            fn () => $sqs->deleteMessageBatch(
                ['QueueUrl' => $queue, 'Entries' => array_fill(0, 2, ['Id' => 'a', 'ReceiptHandle' => 'x'])]
            ));
        $sqs->purgeQueue(['QueueUrl' => $queue])->resolve();
        refused(403, 'AWS.SimpleQueueService.PurgeQueueInProgress', SqsException\PurgeQueueInProgressException::class,
            fn () => $sqs->purgeQueue(['QueueUrl' => $queue]));
        $sqs->deleteQueue(['QueueUrl' => $queue])->resolve();
        refused(400, 'AWS.SimpleQueueService.QueueDeletedRecently', SqsException\QueueDeletedRecentlyException::class,
            fn () => $sqs->createQueue(['QueueName' => $name]));
    },
];

$parts[$part]();
