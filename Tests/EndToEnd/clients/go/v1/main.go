// What a program on the AWS SDK for Go v1 does with SQS, part by part: v1 URL PART.
// The SDK posts Query to the queue's own URL and compares the MD5 of all that it sends and receives.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/request"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/sqs"
)

var client *sqs.SQS

func main() {
	config := aws.NewConfig().WithEndpoint(os.Args[1]).WithRegion("us-east-1").WithMaxRetries(0)
	client = sqs.New(session.Must(session.NewSession(config)))
	map[string]func(){
		"queues": queues, "messages": messages, "batches": batches, "visibility": visibility,
		"fifo": fifo, "redrive": redrive, "permissions": permissions, "errors": errors,
	}[os.Args[2]]()
}

func name(suffix string) *string {
	random := make([]byte, 12)
	must(rand.Read(random))
	return aws.String(fmt.Sprintf("go-v1-%x%s", random, suffix))
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

// refused expects the error of a call, as a RequestFailure with code and status.
func refused[T any](status int, code string, call func() (T, error)) awserr.RequestFailure {
	_, err := call()
	failure, ok := err.(awserr.RequestFailure)
	if !ok {
		panic(fmt.Sprintf("%s was expected, not %#v", code, err))
	}
	equal([]any{failure.StatusCode(), failure.Code()}, []any{status, code})
	return failure
}

func create(attributes map[string]*string) *string {
	return must(client.CreateQueue(&sqs.CreateQueueInput{QueueName: name(""), Attributes: attributes})).QueueUrl
}

func attributes(queue *string, names ...string) []string {
	all := must(client.GetQueueAttributes(&sqs.GetQueueAttributesInput{
		QueueUrl: queue, AttributeNames: []*string{aws.String("All")},
	})).Attributes
	values := []string{}
	for _, name := range names {
		values = append(values, aws.StringValue(all[name]))
	}
	return values
}

func states(queue *string) []string {
	const name = "ApproximateNumberOfMessages"
	return attributes(queue, name, name+"NotVisible", name+"Delayed")
}

func send(queue *string, body string) *sqs.SendMessageOutput {
	return must(client.SendMessage(&sqs.SendMessageInput{QueueUrl: queue, MessageBody: &body}))
}

func receive(queue *string, input sqs.ReceiveMessageInput) []*sqs.Message {
	input.QueueUrl = queue
	input.AttributeNames = []*string{aws.String("All")}
	input.MessageAttributeNames = []*string{aws.String("All")}
	return must(client.ReceiveMessage(&input)).Messages
}

func queues() {
	name := name("")
	queue := must(client.CreateQueue(&sqs.CreateQueueInput{
		QueueName:  name,
		Attributes: map[string]*string{"VisibilityTimeout": aws.String("7")},
		Tags:       map[string]*string{"team": aws.String("Größe")},
	})).QueueUrl
	equal(*queue, os.Args[1]+"/000000000000/"+*name)
	equal(attributes(queue, "VisibilityTimeout", "QueueArn"), []string{"7", "arn:aws:sqs:us-east-1:000000000000:" + *name})
	must(client.SetQueueAttributes(&sqs.SetQueueAttributesInput{
		QueueUrl: queue, Attributes: map[string]*string{"VisibilityTimeout": aws.String("8")},
	}))
	equal(attributes(queue, "VisibilityTimeout"), []string{"8"})
	equal(must(client.GetQueueUrl(&sqs.GetQueueUrlInput{QueueName: name})).QueueUrl, queue)

	must(client.TagQueue(&sqs.TagQueueInput{QueueUrl: queue, Tags: map[string]*string{"more": aws.String("")}}))
	must(client.UntagQueue(&sqs.UntagQueueInput{QueueUrl: queue, TagKeys: []*string{aws.String("more")}}))
	tags := must(client.ListQueueTags(&sqs.ListQueueTagsInput{QueueUrl: queue})).Tags
	equal(tags, map[string]*string{"team": aws.String("Größe")})

	for number := 0; number < 3; number++ {
		name := aws.String(fmt.Sprintf("%s-%d", *name, number))
		must(client.CreateQueue(&sqs.CreateQueueInput{QueueName: name}))
	}
	pages := []int{}
	input := sqs.ListQueuesInput{QueueNamePrefix: name, MaxResults: aws.Int64(3)}
	err := client.ListQueuesPages(&input, func(page *sqs.ListQueuesOutput, last bool) bool {
		pages = append(pages, len(page.QueueUrls))
		return true
	})
	equal([]any{err, pages}, []any{nil, []int{3, 1}})
	must(client.DeleteQueue(&sqs.DeleteQueueInput{QueueUrl: queue}))
	refused(400, sqs.ErrCodeQueueDoesNotExist, func() (*sqs.GetQueueUrlOutput, error) {
		return client.GetQueueUrl(&sqs.GetQueueUrlInput{QueueName: name})
	})
}

func messages() {
	queue := create(nil)
	equal(len(receive(queue, sqs.ReceiveMessageInput{})), 0)
	blob := make([]byte, 256)
	for index := range blob {
		blob[index] = byte(index)
	}
	sentAttributes := map[string]*sqs.MessageAttributeValue{
		"color": {DataType: aws.String("String"), StringValue: aws.String("blue\r\n<green> ä")},
		"count": {DataType: aws.String("Number.int"), StringValue: aws.String("42")},
		"blob":  {DataType: aws.String("Binary"), BinaryValue: blob},
	}
	var bodies []string
	equal(json.Unmarshal(must(os.ReadFile(os.Getenv("BODIES"))), &bodies), nil)
	for _, body := range bodies {
		sent := must(client.SendMessage(&sqs.SendMessageInput{
			QueueUrl: queue, MessageBody: aws.String(body), MessageAttributes: sentAttributes,
		}))
		message := receive(queue, sqs.ReceiveMessageInput{WaitTimeSeconds: aws.Int64(5)})[0]
		equal([]string{*message.Body, *message.MessageId, *message.MD5OfBody, *message.MD5OfMessageAttributes},
			[]string{body, *sent.MessageId, *sent.MD5OfMessageBody, *sent.MD5OfMessageAttributes})
		equal(*message.Attributes["ApproximateReceiveCount"], "1")
		equal(message.MessageAttributes["color"].StringValue, sentAttributes["color"].StringValue)
		equal(message.MessageAttributes["count"].DataType, sentAttributes["count"].DataType)
		equal(bytes.Equal(message.MessageAttributes["blob"].BinaryValue, blob), true)
		must(client.DeleteMessage(&sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: message.ReceiptHandle}))
	}
	equal(states(queue), []string{"0", "0", "0"})
}

func batches() {
	queue := create(map[string]*string{"MaximumMessageSize": aws.String("1024")})
	entries := []*sqs.SendMessageBatchRequestEntry{}
	bodies := []string{}
	for number := 1; number < 10; number++ {
		body := fmt.Sprintf("%d é\r+&", number)
		bodies = append(bodies, body)
		entries = append(entries, &sqs.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(number)), MessageBody: &body})
	}
	long := aws.String(string(bytes.Repeat([]byte("x"), 1025)))
	entries = append(entries, &sqs.SendMessageBatchRequestEntry{Id: aws.String("long"), MessageBody: long})
	sent := must(client.SendMessageBatch(&sqs.SendMessageBatchInput{QueueUrl: queue, Entries: entries}))
	equal([]any{len(sent.Successful), *sent.Failed[0].Id, *sent.Failed[0].Code, *sent.Failed[0].SenderFault},
		[]any{9, "long", "InvalidParameterValue", true})

	received := []string{}
	deletes := []*sqs.DeleteMessageBatchRequestEntry{}
	changes := []*sqs.ChangeMessageVisibilityBatchRequestEntry{}
	for _, message := range receive(queue, sqs.ReceiveMessageInput{MaxNumberOfMessages: aws.Int64(10)}) {
		received = append(received, *message.Body)
		deletes = append(deletes, &sqs.DeleteMessageBatchRequestEntry{
			Id: message.MessageId, ReceiptHandle: message.ReceiptHandle,
		})
		changes = append(changes, &sqs.ChangeMessageVisibilityBatchRequestEntry{
			Id: message.MessageId, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: aws.Int64(60),
		})
	}
	sort.Strings(received)
	equal(received, bodies)
	changed := must(client.ChangeMessageVisibilityBatch(
		&sqs.ChangeMessageVisibilityBatchInput{QueueUrl: queue, Entries: changes}))
	equal([]int{len(changed.Successful), len(changed.Failed)}, []int{9, 0})
	deletes = append(deletes, &sqs.DeleteMessageBatchRequestEntry{
		Id: aws.String("bad"), ReceiptHandle: aws.String("made-up"),
	})
	deleted := must(client.DeleteMessageBatch(&sqs.DeleteMessageBatchInput{QueueUrl: queue, Entries: deletes}))
	equal([]any{len(deleted.Successful), *deleted.Failed[0].Id, *deleted.Failed[0].Code},
		[]any{9, "bad", "ReceiptHandleIsInvalid"})
}

func visibility() {
	queue := create(nil)
	send(queue, "again")
	message := receive(queue, sqs.ReceiveMessageInput{VisibilityTimeout: aws.Int64(60)})[0]
	equal(len(receive(queue, sqs.ReceiveMessageInput{})), 0)
	must(client.ChangeMessageVisibility(&sqs.ChangeMessageVisibilityInput{
		QueueUrl: queue, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: aws.Int64(0),
	}))
	equal(*receive(queue, sqs.ReceiveMessageInput{})[0].Attributes["ApproximateReceiveCount"], "2")
	must(client.SendMessage(&sqs.SendMessageInput{
		QueueUrl: queue, MessageBody: aws.String("delayed"), DelaySeconds: aws.Int64(900),
	}))
	equal(states(queue), []string{"0", "1", "1"})
	must(client.PurgeQueue(&sqs.PurgeQueueInput{QueueUrl: queue}))
	equal(states(queue), []string{"0", "0", "0"})
}

func fifo() {
	queue := must(client.CreateQueue(&sqs.CreateQueueInput{
		QueueName:  name(".fifo"),
		Attributes: map[string]*string{"FifoQueue": aws.String("true"), "ContentBasedDeduplication": aws.String("true")},
	})).QueueUrl
	sent := []*sqs.SendMessageOutput{}
	for _, body := range []string{"1", "1", "2"} {
		sent = append(sent, must(client.SendMessage(&sqs.SendMessageInput{
			QueueUrl: queue, MessageBody: aws.String(body), MessageGroupId: aws.String("a"),
		})))
	}
	equal([]string{*sent[1].MessageId, *sent[1].SequenceNumber}, []string{*sent[0].MessageId, *sent[0].SequenceNumber})
	messages := receive(queue, sqs.ReceiveMessageInput{MaxNumberOfMessages: aws.Int64(10)})
	equal([]any{len(messages), *messages[0].Body, *messages[1].Body}, []any{2, "1", "2"})
	equal(messages[0].Attributes["SequenceNumber"], sent[0].SequenceNumber)
	equal(*messages[0].Attributes["MessageGroupId"], "a")
	refused(400, "MissingParameter", func() (*sqs.SendMessageOutput, error) {
		return client.SendMessage(&sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("without a group")})
	})
}

func redrive() {
	dead := create(nil)
	policy := fmt.Sprintf(`{"deadLetterTargetArn":"%s","maxReceiveCount":"1"}`, attributes(dead, "QueueArn")[0])
	queue := create(map[string]*string{"RedrivePolicy": &policy})
	sources := must(client.ListDeadLetterSourceQueues(&sqs.ListDeadLetterSourceQueuesInput{QueueUrl: dead}))
	equal(sources.QueueUrls, []*string{queue})
	sent := send(queue, "poison\r")
	equal(len(receive(queue, sqs.ReceiveMessageInput{VisibilityTimeout: aws.Int64(0)})), 1)
	equal(len(receive(queue, sqs.ReceiveMessageInput{})), 0)
	moved := receive(dead, sqs.ReceiveMessageInput{WaitTimeSeconds: aws.Int64(5)})[0]
	equal([]string{*moved.Body, *moved.MessageId}, []string{"poison\r", *sent.MessageId})
	equal(*moved.Attributes["DeadLetterQueueSourceArn"], attributes(queue, "QueueArn")[0])
}

func permissions() {
	queue := create(nil)
	must(client.AddPermission(&sqs.AddPermissionInput{
		QueueUrl: queue, Label: aws.String("one"),
		AWSAccountIds: []*string{aws.String("111111111111")}, Actions: []*string{aws.String("SendMessage")},
	}))
	equal(attributes(queue, "Policy")[0] != "", true)
	must(client.RemovePermission(&sqs.RemovePermissionInput{QueueUrl: queue, Label: aws.String("one")}))
	equal(attributes(queue, "Policy"), []string{""})
	refused(400, "InvalidParameterValue", func() (*sqs.RemovePermissionOutput, error) {
		return client.RemovePermission(&sqs.RemovePermissionInput{QueueUrl: queue, Label: aws.String("one")})
	})
}

func errors() {
	name := name("")
	queue := must(client.CreateQueue(&sqs.CreateQueueInput{QueueName: name})).QueueUrl
	missing := refused(400, sqs.ErrCodeQueueDoesNotExist, func() (*sqs.SendMessageOutput, error) {
		return client.SendMessage(&sqs.SendMessageInput{QueueUrl: aws.String(*queue + "-missing"), MessageBody: name})
	})
	equal(missing.Message(), "The specified queue does not exist for this wsdl version.")
	equal(missing.RequestID() != "", true)
	refused(400, sqs.ErrCodeQueueNameExists, func() (*sqs.CreateQueueOutput, error) {
		return client.CreateQueue(&sqs.CreateQueueInput{
			QueueName: name, Attributes: map[string]*string{"DelaySeconds": aws.String("6")},
		})
	})
	refused(404, sqs.ErrCodeReceiptHandleIsInvalid, func() (*sqs.DeleteMessageOutput, error) {
		return client.DeleteMessage(&sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: aws.String("made-up")})
	})
	refused(400, "InvalidParameterValue", func() (*sqs.ReceiveMessageOutput, error) {
		return client.ReceiveMessage(&sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: aws.Int64(11)})
	})
	refused(400, sqs.ErrCodeInvalidMessageContents, func() (*sqs.SendMessageOutput, error) {
		return client.SendMessage(&sqs.SendMessageInput{QueueUrl: queue, MessageBody: aws.String("\x01")})
	})
	refused(400, sqs.ErrCodeInvalidAttributeName, func() (*sqs.GetQueueAttributesOutput, error) {
		return client.GetQueueAttributes(&sqs.GetQueueAttributesInput{
			QueueUrl: queue, AttributeNames: []*string{aws.String("Colour")},
		})
	})
	refused(400, sqs.ErrCodeEmptyBatchRequest, func() (*sqs.SendMessageBatchOutput, error) {
		return client.SendMessageBatch(&sqs.SendMessageBatchInput{
			QueueUrl: queue, Entries: []*sqs.SendMessageBatchRequestEntry{},
		})
	})
	must(client.PurgeQueue(&sqs.PurgeQueueInput{QueueUrl: queue}))
	refused(403, sqs.ErrCodePurgeQueueInProgress, func() (*sqs.PurgeQueueOutput, error) {
		return client.PurgeQueue(&sqs.PurgeQueueInput{QueueUrl: queue})
	})
	must(client.DeleteQueue(&sqs.DeleteQueueInput{QueueUrl: queue}))
	refused(400, sqs.ErrCodeQueueDeletedRecently, func() (*sqs.CreateQueueOutput, error) {
		return client.CreateQueue(&sqs.CreateQueueInput{QueueName: name})
	})
	_, err := client.SendMessage(&sqs.SendMessageInput{QueueUrl: queue})
	_, ok := err.(request.ErrInvalidParams)
	equal(ok, true)
}
