# What a program on the AWS SDK for Ruby v1 does with SQS, part by part: natural_job.rb URL PART.
# The SDK connects to the host and path of each queue's URL, and compares the MD5 of all that it sends and receives.
require 'aws-sdk-v1'
require 'digest'
require 'json'
require 'securerandom'
require 'uri'

ADDRESS = URI(ARGV[0])
AWS.config(
  access_key_id: 'test', secret_access_key: 'test', region: 'us-east-1', max_retries: 0,
  use_ssl: false, sqs_endpoint: ADDRESS.host, sqs_port: ADDRESS.port
)
SQS = AWS::SQS.new
BODIES = JSON.parse(File.read(ENV.fetch('BODIES')))
MISSING = AWS::SQS::Errors::NonExistentQueue

def name
  "ruby-#{SecureRandom.hex}"
end

def equal(found, expected)
  raise "#{found.inspect} is not #{expected.inspect}" unless found == expected
end

# The call raises the class that the SDK makes of the error code.
def refused(status, code, error = AWS::SQS::Errors.error_class(code))
  yield
rescue AWS::Errors::Base => e
  raise unless e.instance_of?(error)
  equal([e.http_response.status, e.code], [status, code])
  equal(e.is_a?(AWS::Errors::ClientError), true)
  e
else
  raise "the call succeeded, #{code} was expected"
end

def states(queue)
  [queue.visible_messages, queue.invisible_messages, queue.approximate_number_of_messages_delayed]
end

def queues
  name = self.name
  queue = SQS.queues.create(name, visibility_timeout: 7, delay_seconds: 1)
  equal(queue.url, "#{ARGV[0]}/000000000000/#{name}")
  equal(queue.arn, "arn:aws:sqs:us-east-1:000000000000:#{name}")
  equal([queue.visibility_timeout, queue.delay_seconds, queue.message_retention_period], [7, 1, 345_600])
  queue.visibility_timeout = 8
  queue.wait_time_seconds = 2
  queue.maximum_message_size = 2048
  equal([queue.visibility_timeout, queue.wait_time_seconds, queue.maximum_message_size], [8, 2, 2048])
  equal((Time.now - queue.created_timestamp).abs < 60, true)
  equal(SQS.queues.named(name).url, queue.url)
  equal(SQS.queues.with_prefix(name).map(&:url), [queue.url])
  equal(queue.exists?, true)
  queue.delete
  equal(queue.exists?, false)
  equal(SQS.queues.with_prefix(name).to_a, [])
end

def messages
  queue = SQS.queues.create(name)
  attributes = {
    'color' => { data_type: 'String', string_value: "blue\r\n<green> ä" },
    'count' => { data_type: 'Number', string_value: '42' },
    'blob' => { data_type: 'Binary', binary_value: [*0..255].pack('C*') }
  }
  BODIES.each do |body|
    sent = queue.send_message(body, message_attributes: attributes)
    equal(sent.md5, Digest::MD5.hexdigest(body))
    message = queue.receive_message(
      attributes: [:all], message_attribute_names: ['All'], wait_time_seconds: 5
    )
    equal([message.body, message.id, message.md5], [body, sent.id, sent.md5])
    equal(message.receive_count, 1)
    equal((Time.now - message.sent_at).abs < 60, true)
    attributes.each do |key, value|
      equal(message.message_attributes[key].slice(*value.keys), value)
    end
    message.delete
  end
  equal(queue.receive_message, nil)

  3.times { |number| queue.send_message("poll #{number}") }
  polled = []
  queue.poll(idle_timeout: 0, wait_time_seconds: 1, batch_size: 10) { |message| polled << message.body }
  equal(polled.sort, ['poll 0', 'poll 1', 'poll 2'])
  equal(states(queue), [0, 0, 0])
end

def batches
  queue = SQS.queues.create(name, maximum_message_size: 1024)
  bodies = [*1..9].map { |number| "#{number}é\r\n+&" }
  begin
    queue.batch_send(*bodies, 'x' * 1025)
  rescue AWS::SQS::Errors::BatchSendError => e
    equal(e.sent.map(&:md5), bodies.map { |body| Digest::MD5.hexdigest(body) })
    equal(e.failures.map { |each| each.values_at(:batch_index, :error_code, :sender_fault) },
          [[9, 'InvalidParameterValue', true]])
  else
    raise 'one entry is too long'
  end
  messages = queue.receive_messages(limit: 10)
  equal(messages.map(&:body).sort, bodies)
  queue.batch_change_visibility(60, messages)
  begin
    queue.batch_delete(*messages, 'made-up')
  rescue AWS::SQS::Errors::BatchDeleteError => e
    equal(e.failures.map { |each| each.values_at(:receipt_handle, :error_code) }, [%w[made-up ReceiptHandleIsInvalid]])
  else
    raise 'one handle is made up'
  end
  equal(states(queue), [0, 0, 0])
end

def visibility
  queue = SQS.queues.create(name)
  queue.send_message('again')
  message = queue.receive_message(visibility_timeout: 60)
  equal(queue.receive_message, nil)
  message.visibility_timeout = 0
  equal(queue.receive_message(attributes: [:receive_count]).receive_count, 2)
  queue.send_message('delayed', delay_seconds: 900)
  equal(states(queue), [0, 1, 1])
end

def redrive
  dead, queue = Array.new(2) { SQS.queues.create(name) }
  policy = JSON.generate(deadLetterTargetArn: dead.arn, maxReceiveCount: 1)
  SQS.client.set_queue_attributes(queue_url: queue.url, attributes: { 'RedrivePolicy' => policy })
  equal(SQS.client.list_dead_letter_source_queues(queue_url: dead.url)[:queue_urls], [queue.url])
  queue.send_message("poison\r")
  # A message that the block does not finish with is not deleted.
  begin
    queue.receive_message(visibility_timeout: 0) { raise 'the work failed' }
  rescue RuntimeError
    equal(queue.receive_message, nil)
  end
  equal(dead.receive_message(wait_time_seconds: 5).body, "poison\r")
end

def policies
  queue = SQS.queues.create(name)
  equal(queue.policy, nil)
  policy = AWS::SQS::Policy.new
  policy.allow(actions: [:send_message], resources: [queue.arn], principals: ['111111111111'])
  queue.policy = policy
  equal(queue.policy.to_h['Statement'].map { |each| each['Resource'] }.flatten, [queue.arn])
  queue.policy = nil
  equal(queue.policy, nil)
  refused(400, 'InvalidAttributeValue') { queue.policy = 'no policy' }
end

def errors
  name = self.name
  queue = SQS.queues.create(name)
  missing = SQS.queues["#{queue.url}-missing"]
  error = refused(400, 'AWS.SimpleQueueService.NonExistentQueue', MISSING) { missing.send_message('hello') }
  equal(error.message, 'The specified queue does not exist for this wsdl version.')
  refused(400, 'AWS.SimpleQueueService.NonExistentQueue', MISSING) { SQS.queues.named("#{name}-missing") }
  refused(400, 'QueueAlreadyExists') { SQS.queues.create(name, delay_seconds: 6) }
  refused(404, 'ReceiptHandleIsInvalid') { AWS::SQS::ReceivedMessage.new(queue, 'id', 'made-up').delete }
  refused(400, 'InvalidParameterValue') { queue.receive_messages(limit: 11) }
  refused(400, 'MissingParameter') { queue.send_message('') }
  refused(400, 'InvalidMessageContents') { queue.send_message("\u0001") }
  refused(400, 'InvalidAttributeValue') { queue.visibility_timeout = 43_201 }
  refused(400, 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest') { queue.batch_send(*[*1..11].map(&:to_s)) }
  refused(400, 'AWS.SimpleQueueService.EmptyBatchRequest') { queue.batch_delete }
  queue.delete
  refused(400, 'AWS.SimpleQueueService.QueueDeletedRecently') { SQS.queues.create(name) }
end

send(ARGV[1])
