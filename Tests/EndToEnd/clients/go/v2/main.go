// What a program on the AWS SDK for Go v2 does with SQS, part by part: v2 URL PART.
// The SDK posts to its endpoint, checks MD5s, and makes typed errors of the codes.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sort"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

var (
	background = context.Background()
	client     *sqs.Client
)

func main() {
	configuration := must(config.LoadDefaultConfig(background, config.WithRegion("us-east-1")))
	client = sqs.NewFromConfig(configuration, sqs.WithEndpointResolver(sqs.EndpointResolverFromURL(os.Args[1])),
		func(options *sqs.Options) { options.Retryer = aws.NopRetryer{} })
	map[string]func(){
		"queues": queues, "messages": messages, "batches": batches, "visibility": visibility,
		"fifo": fifo, "redrive": redrive, "permissions": permissions, "errors": failures,
	}[os.Args[2]]()
}

func name(suffix string) *string {
	random := make([]byte, 12)
	must(rand.Read(random))
	return aws.String(fmt.Sprintf("go-v2-%x%s", random, suffix))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func equal(found, expected any) {
	if !reflect.DeepEqual(found, expected) {
		panic(fmt.Sprintf("%#v is not %#v", found, expected))
	}
}

// refused expects the error of a call to be of type E and to have this code. Typed errors lose their message.
func refused[E error, T any](code string, call func() (T, error)) {
	_, err := call()
	var typed E
	var failure smithy.APIError
	if !errors.As(err, &typed) || !errors.As(err, &failure) {
		panic(fmt.Sprintf("%s as %T was expected, not %#v", code, typed, err))
	}
	equal([]any{failure.ErrorCode(), failure.ErrorFault()}, []any{code, smithy.FaultClient})
}

// unmodelled expects an error that the SDK has no type for, in this action at least.
func unmodelled[T any](code string, call func() (T, error)) smithy.APIError {
	_, err := call()
	var failure smithy.APIError
	if !errors.As(err, &failure) {
		panic(fmt.Sprintf("%s was expected, not %#v", code, err))
	}
	equal(failure.ErrorCode(), code)
	return failure
}

func create(attributes map[string]string) *string {
	return must(client.CreateQueue(background, &sqs.CreateQueueInput{QueueName: name(""), Attributes: attributes})).QueueUrl
}

func attributes(queue *string, names ...string) []string {
	all := must(client.GetQueueAttributes(background, &sqs.GetQueueAttributesInput{
		QueueUrl: queue, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})).Attributes
	values := []string{}
	for _, name := range names {
		values = append(values, all[name])
	}
	return values
}

func states(queue *string) []string {
	const name = "ApproximateNumberOfMessages"
	return attributes(queue, name, name+"NotVisible", name+"Delayed")
}

func receive(queue *string, input sqs.ReceiveMessageInput) []types.Message {
	input.QueueUrl = queue
	input.AttributeNames = []types.QueueAttributeName{types.QueueAttributeNameAll}
	input.MessageAttributeNames = []string{"All"}
	return must(client.ReceiveMessage(background, &input)).Messages
}

func queues() {
	name := name("")
	queue := must(client.CreateQueue(background, &sqs.CreateQueueInput{
		QueueName:  name,
		Attributes: map[string]string{"VisibilityTimeout": "7"},
		Tags:       map[string]string{"team": "Größe"},
	})).QueueUrl
	equal(*queue, os.Args[1]+"/000000000000/"+*name)
	equal(attributes(queue, "VisibilityTimeout", "QueueArn"), []string{"7", "arn:aws:sqs:us-east-1:000000000000:" + *name})
	must(client.SetQueueAttributes(background, &sqs.SetQueueAttributesInput{
		QueueUrl: queue, Attributes: map[string]string{"VisibilityTimeout": "8"},
	}))
	equal(attributes(queue, "VisibilityTimeout"), []string{"8"})
	equal(must(client.GetQueueUrl(background, &sqs.GetQueueUrlInput{QueueName: name})).QueueUrl, queue)

	must(client.TagQueue(background, &sqs.TagQueueInput{QueueUrl: queue, Tags: map[string]string{"more": ""}}))
	must(client.UntagQueue(background, &sqs.UntagQueueInput{QueueUrl: queue, TagKeys: []string{"more"}}))
	tags := must(client.ListQueueTags(background, &sqs.ListQueueTagsInput{QueueUrl: queue})).Tags
	equal(tags, map[string]string{"team": "Größe"})

	for number := 0; number < 3; number++ {
		name := aws.String(fmt.Sprintf("%s-%d", *name, number))
		must(client.CreateQueue(background, &sqs.CreateQueueInput{QueueName: name}))
	}
	pages := []int{}
	paginator := sqs.NewListQueuesPaginator(client, &sqs.ListQueuesInput{QueueNamePrefix: name, MaxResults: aws.Int32(3)})
	for paginator.HasMorePages() {
		pages = append(pages, len(must(paginator.NextPage(background)).QueueUrls))
	}
	equal(pages, []int{3, 1})
	must(client.DeleteQueue(background, &sqs.DeleteQueueInput{QueueUrl: queue}))
	equal(len(must(client.ListQueues(background, &sqs.ListQueuesInput{QueueNamePrefix: name})).QueueUrls), 3)
}

func messages() {
	queue := create(nil)
	equal(len(receive(queue, sqs.ReceiveMessageInput{})), 0)
	blob := make([]byte, 256)
	for index := range blob {
		blob[index] = byte(index)
	}
	sentAttributes := map[string]types.MessageAttributeValue{
		"color": {DataType: aws.String("String"), StringValue: aws.String("blue\r\n<green> ä")},
		"count": {DataType: aws.String("Number.int"), StringValue: aws.String("42")},
		"blob":  {DataType: aws.String("Binary"), BinaryValue: blob},
	}
	var bodies []string
	equal(json.Unmarshal(must(os.ReadFile(os.Getenv("BODIES"))), &bodies), nil)
	for _, body := range bodies {
		sent := must(client.SendMessage(background, &sqs.SendMessageInput{
			QueueUrl: queue, MessageBody: aws.String(body), MessageAttributes: sentAttributes,
		}))
		message := receive(queue, sqs.ReceiveMessageInput{WaitTimeSeconds: 5})[0]
		equal([]string{*message.Body, *message.MessageId, *message.MD5OfBody, *message.MD5OfMessageAttributes},
			[]string{body, *sent.MessageId, *sent.MD5OfMessageBody, *sent.MD5OfMessageAttributes})
		equal(message.Attributes["ApproximateReceiveCount"], "1")
		equal(message.MessageAttributes["color"].StringValue, sentAttributes["color"].StringValue)
		equal(message.MessageAttributes["count"].DataType, sentAttributes["count"].DataType)
		equal(bytes.Equal(message.MessageAttributes["blob"].BinaryValue, blob), true)
		must(client.DeleteMessage(background, &sqs.DeleteMessageInput{
			QueueUrl: queue, ReceiptHandle: message.ReceiptHandle,
		}))
	}
	equal(states(queue), []string{"0", "0", "0"})
}

func batches() {
	queue := create(map[string]string{"MaximumMessageSize": "1024"})
	entries := []types.SendMessageBatchRequestEntry{}
	bodies := []string{}
	for number := 1; number < 10; number++ {
		body := fmt.Sprintf("%d é\r+&", number)
		bodies = append(bodies, body)
		entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(number)), MessageBody: &body})
	}
	long := aws.String(string(bytes.Repeat([]byte("x"), 1025)))
	entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String("long"), MessageBody: long})
	sent := must(client.SendMessageBatch(background, &sqs.SendMessageBatchInput{QueueUrl: queue, Entries: entries}))
	equal([]any{len(sent.Successful), *sent.Failed[0].Id, *sent.Failed[0].Code, sent.Failed[0].SenderFault},
		[]any{9, "long", "InvalidParameterValue", true})

	received := []string{}
	deletes := []types.DeleteMessageBatchRequestEntry{}
	changes := []types.ChangeMessageVisibilityBatchRequestEntry{}
	for _, message := range receive(queue, sqs.ReceiveMessageInput{MaxNumberOfMessages: 10}) {
		received = append(received, *message.Body)
		deletes = append(deletes, types.DeleteMessageBatchRequestEntry{
			Id: message.MessageId, ReceiptHandle: message.ReceiptHandle,
		})
		changes = append(changes, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: message.MessageId, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: 60,
		})
	}
	sort.Strings(received)
	equal(received, bodies)
	changed := must(client.ChangeMessageVisibilityBatch(
		background, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: queue, Entries: changes}))
	equal([]int{len(changed.Successful), len(changed.Failed)}, []int{9, 0})
	deletes = append(deletes, types.DeleteMessageBatchRequestEntry{
		Id: aws.String("bad"), ReceiptHandle: aws.String("made-up"),
	})
	deleted := must(client.DeleteMessageBatch(background, &sqs.DeleteMessageBatchInput{QueueUrl: queue, Entries: deletes}))
	equal([]any{len(deleted.Successful), *deleted.Failed[0].Id, *deleted.Failed[0].Code},
		[]any{9, "bad", "ReceiptHandleIsInvalid"})
}

func visibility() {
	queue := create(nil)
	must(client.SendMessage(background, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("again")}))
	message := receive(queue, sqs.ReceiveMessageInput{VisibilityTimeout: 60})[0]
	equal(len(receive(queue, sqs.ReceiveMessageInput{})), 0)
	must(client.ChangeMessageVisibility(background, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: queue, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: 0,
	}))
	equal(receive(queue, sqs.ReceiveMessageInput{})[0].Attributes["ApproximateReceiveCount"], "2")
	must(client.SendMessage(background, &sqs.SendMessageInput{
		QueueUrl: queue, MessageBody: aws.String("delayed"), DelaySeconds: 900,
	}))
	equal(states(queue), []string{"0", "1", "1"})
	must(client.PurgeQueue(background, &sqs.PurgeQueueInput{QueueUrl: queue}))
	equal(states(queue), []string{"0", "0", "0"})
}

func fifo() {
	queue := must(client.CreateQueue(background, &sqs.CreateQueueInput{
		QueueName:  name(".fifo"),
		Attributes: map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"},
	})).QueueUrl
	sent := []*sqs.SendMessageOutput{}
	for _, body := range []string{"1", "1", "2"} {
		sent = append(sent, must(client.SendMessage(background, &sqs.SendMessageInput{
			QueueUrl: queue, MessageBody: aws.String(body), MessageGroupId: aws.String("a"),
		})))
	}
	equal([]string{*sent[1].MessageId, *sent[1].SequenceNumber}, []string{*sent[0].MessageId, *sent[0].SequenceNumber})
	messages := receive(queue, sqs.ReceiveMessageInput{MaxNumberOfMessages: 10})
	equal([]any{len(messages), *messages[0].Body, *messages[1].Body}, []any{2, "1", "2"})
	equal(messages[0].Attributes["SequenceNumber"], *sent[0].SequenceNumber)
	equal(messages[0].Attributes["MessageGroupId"], "a")
	unmodelled("MissingParameter", func() (*sqs.SendMessageOutput, error) {
		return client.SendMessage(background, &sqs.SendMessageInput{
			QueueUrl: queue, MessageBody: aws.String("without a group"),
		})
	})
}

func redrive() {
	dead := create(nil)
	policy := fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":"1"}`, attributes(dead, "QueueArn")[0])
	queue := create(map[string]string{"RedrivePolicy": policy})
	sources := must(client.ListDeadLetterSourceQueues(background, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: dead}))
	equal(sources.QueueUrls, []string{*queue})
	sent := must(client.SendMessage(background, &sqs.SendMessageInput{
		QueueUrl: queue, MessageBody: aws.String("poison\r"),
	}))
	// This SDK leaves a timeout of 0 out of its request.
	message := receive(queue, sqs.ReceiveMessageInput{VisibilityTimeout: 60})[0]
	must(client.ChangeMessageVisibility(background, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: queue, ReceiptHandle: message.ReceiptHandle,
	}))
	equal(len(receive(queue, sqs.ReceiveMessageInput{})), 0)
	moved := receive(dead, sqs.ReceiveMessageInput{WaitTimeSeconds: 5})[0]
	equal([]string{*moved.Body, *moved.MessageId}, []string{"poison\r", *sent.MessageId})
	equal(moved.Attributes["DeadLetterQueueSourceArn"], attributes(queue, "QueueArn")[0])
}

func permissions() {
	queue := create(nil)
	must(client.AddPermission(background, &sqs.AddPermissionInput{
		QueueUrl: queue, Label: aws.String("one"), AWSAccountIds: []string{"111111111111"}, Actions: []string{"SendMessage"},
	}))
	equal(attributes(queue, "Policy")[0] != "", true)
	must(client.RemovePermission(background, &sqs.RemovePermissionInput{QueueUrl: queue, Label: aws.String("one")}))
	equal(attributes(queue, "Policy"), []string{""})
	unmodelled("InvalidParameterValue", func() (*sqs.RemovePermissionOutput, error) {
		return client.RemovePermission(background, &sqs.RemovePermissionInput{QueueUrl: queue, Label: aws.String("one")})
	})
}

func failures() {
	name := name("")
	queue := must(client.CreateQueue(background, &sqs.CreateQueueInput{QueueName: name})).QueueUrl
	const prefix = "AWS.SimpleQueueService."
	refused[*types.QueueDoesNotExist](prefix+"NonExistentQueue", func() (*sqs.GetQueueUrlOutput, error) {
		return client.GetQueueUrl(background, &sqs.GetQueueUrlInput{QueueName: aws.String(*name + "-missing")})
	})
	missing := unmodelled(prefix+"NonExistentQueue", func() (*sqs.SendMessageOutput, error) {
		return client.SendMessage(background, &sqs.SendMessageInput{
			QueueUrl: aws.String(*queue + "-missing"), MessageBody: name,
		})
	})
	equal(missing.ErrorMessage(), "The specified queue does not exist for this wsdl version.")
	refused[*types.QueueNameExists]("QueueAlreadyExists", func() (*sqs.CreateQueueOutput, error) {
		return client.CreateQueue(background, &sqs.CreateQueueInput{
			QueueName: name, Attributes: map[string]string{"DelaySeconds": "6"},
		})
	})
	refused[*types.ReceiptHandleIsInvalid]("ReceiptHandleIsInvalid", func() (*sqs.DeleteMessageOutput, error) {
		return client.DeleteMessage(background, &sqs.DeleteMessageInput{
			QueueUrl: queue, ReceiptHandle: aws.String("made-up"),
		})
	})
	unmodelled("InvalidParameterValue", func() (*sqs.ReceiveMessageOutput, error) {
		return client.ReceiveMessage(background, &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 11})
	})
	refused[*types.InvalidMessageContents]("InvalidMessageContents", func() (*sqs.SendMessageOutput, error) {
		return client.SendMessage(background, &sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("\x01")})
	})
	refused[*types.InvalidAttributeName]("InvalidAttributeName", func() (*sqs.GetQueueAttributesOutput, error) {
		return client.GetQueueAttributes(background, &sqs.GetQueueAttributesInput{
			QueueUrl: queue, AttributeNames: []types.QueueAttributeName{"Colour"},
		})
	})
	refused[*types.EmptyBatchRequest](prefix+"EmptyBatchRequest", func() (*sqs.SendMessageBatchOutput, error) {
		return client.SendMessageBatch(background, &sqs.SendMessageBatchInput{
			QueueUrl: queue, Entries: []types.SendMessageBatchRequestEntry{},
		})
	})
	must(client.PurgeQueue(background, &sqs.PurgeQueueInput{QueueUrl: queue}))
	refused[*types.PurgeQueueInProgress](prefix+"PurgeQueueInProgress", func() (*sqs.PurgeQueueOutput, error) {
		return client.PurgeQueue(background, &sqs.PurgeQueueInput{QueueUrl: queue})
	})
	must(client.DeleteQueue(background, &sqs.DeleteQueueInput{QueueUrl: queue}))
	refused[*types.QueueDeletedRecently](prefix+"QueueDeletedRecently", func() (*sqs.CreateQueueOutput, error) {
		return client.CreateQueue(background, &sqs.CreateQueueInput{QueueName: name})
	})
}
