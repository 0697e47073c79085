"""Message attributes: types, MD5s, what is refused, and choosing them on receive."""

import pytest

from checks import binary, md5_of_attributes, receive, receive_one, refused, send, text

VECTORS = [
    ({"k": text("x")}, "a45daa70926828a2f0a1db3418e6feb4"),
    ({"Foo": text("Bar")}, "ae7155c6026991b6d54b11589678bf9c"),
    ({"MyAttribute": text("foobar")}, "adb59cd4678ea5a855436b949cd07ab6"),
    ({"Hello": text("World")}, "7db7fb1ba7f41366a8ea5eb18220b26d"),
    ({"color": text("blue")}, "da1b33cc3cbfe8b1630921e78e6b9880"),
    (
        {"color": text("blue"), "blob": binary(b"\1\2\3"), "count": text("3", "Number")},
        "d838729972a4b70e2d2acd9d59ac847c",
    ),
    ({"timestamp": text("1493147359900", "Number")}, "235c5c510d26fb653d073faed50ae77c"),
    ({"attr1": text("99.12", "Number")}, "d302007e9aa062660afc85fd0a482472"),
    (
        {"attr1": text("99.12", "Number"), "attr2": text("109.12", "Number")},
        "9b720b3af309c1c4b0d395c53b08c502",
    ),
    ({"UserId": text("1234567890123456789012", "Number.bigint")}, "797ab158d73dcb5242dedc4412c8e855"),
    ({"n": text("007.50", "Number")}, "f3b4c310e443ce8f77fca1459bf78e85"),
    ({"n": text("7.5", "Number")}, "682d7c64da600b523b15be976456f788"),
    ({"color": text("blue"), "tags": text('["a","b"]', "String.Array")}, "56a5bee3ed610a27fd04b2b195aee70b"),
    ({"img": binary(b"\x89PNG\r\n\x1a\n", "Binary.png")}, "432b2140e9c8eb63a0fc8d0adf0f3fe6"),
    (
        {"attr1": binary(b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01")},
        "8cbe4db156db8a94db8b801b7addb984",
    ),
    ({"name": text("Zoë ✓")}, "5734a1b465b2bdd406e0a3eaa6ff937e"),
    (
        {"b": text("1"), "B": text("2"), "a.b": text("3"), "a": text("4"), "ä": text("5")},
        "e7c253f0be5235298eff4e16fb5d92c8",
    ),
]


@pytest.mark.parametrize("attributes, digest", VECTORS)
def test_attributes_and_their_md5_come_back_as_they_were(sqs, queue, attributes, digest):
    assert md5_of_attributes(attributes) == digest
    assert send(sqs, queue, "hello", MessageAttributes=attributes)["MD5OfMessageAttributes"] == digest
    message = receive_one(sqs, queue)
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == digest


def test_system_attributes_have_no_part_in_the_md5(sqs, queue):
    sent = send(
        sqs,
        queue,
        "hello",
        MessageAttributes={"k": text("x")},
        MessageSystemAttributes={"AWSTraceHeader": text("some-trace-id")},
    )
    assert sent["MD5OfMessageAttributes"] == "a45daa70926828a2f0a1db3418e6feb4"
    assert sent["MD5OfMessageSystemAttributes"] == "fdce4f2818803f2f73becc09a54792c0"


def test_a_trace_header_is_no_second_body(sqs, queue):
    send(sqs, queue, "hello", MessageSystemAttributes={"AWSTraceHeader": text("t" * 8192)})
    [message] = receive(sqs, queue)
    assert message["Attributes"]["AWSTraceHeader"] == "t" * 8192
    with refused(
        "InvalidParameterValueException", "Message system attribute 'AWSTraceHeader' must be shorter than 8193 bytes."
    ):
        send(sqs, queue, "hello", MessageSystemAttributes={"AWSTraceHeader": text("t" * 8193)})


# What is taken

GOOD = [
    ("n" * 256, text("v")),
    ("Az09_-.x", text("v")),
    ("ßäø", text("v")),
    ("aws", text("v")),
    ("amazonia", text("v")),
    ("a", text("v", "String." + "s" * 249)),
    ("a", text("\t\n\r \ue000 \U0001f600")),
    ("a", text("-1.5e3", "Number")),
    ("a", text("0", "Number.int")),
    ("a", text("12345678901234567890123456789012345678", "Number")),
    ("a", binary(bytes(range(256)))),
    ("a", {**text("v"), "StringListValues": [], "BinaryListValues": []}),
]


@pytest.mark.parametrize("name, value", GOOD)
def test_an_attribute_that_is_taken(sqs, queue, name, value):
    sent = send(sqs, queue, "hello", MessageAttributes={name: value})
    expected = {name: {key: part for key, part in value.items() if not key.endswith("ListValues")}}
    assert sent["MD5OfMessageAttributes"] == md5_of_attributes(expected)
    assert receive_one(sqs, queue)["MessageAttributes"] == expected


def test_ten_attributes_are_taken_and_eleven_refused(sqs, queue):
    attributes = {f"a{number}": text("v") for number in range(10)}
    send(sqs, queue, "hello", MessageAttributes=attributes)
    assert receive_one(sqs, queue)["MessageAttributes"] == attributes
    with refused(
        "InvalidParameterValueException", "Number of message attributes [11] exceeds the allowed maximum [10]."
    ):
        send(sqs, queue, "hello", MessageAttributes={**attributes, "one": text("more")})


# What is refused. A message is given where it was seen on the real service.

BAD_TYPE = (
    "The type of message (user) attribute 'a' is invalid. "
    "You must use only the following supported type prefixes: Binary, Number, String."
)

BAD = [
    ("a", text("v", "Text"), BAD_TYPE),
    ("a", text("v", "string"), BAD_TYPE),
    ("a", text("v", "Stringy"), BAD_TYPE),
    ("a", text("v", ".String"), BAD_TYPE),
    ("a", text("v", "String." + "s" * 250), None),
    ("a", text("v", ""), None),
    ("a", {"StringValue": "v"}, None),
    ("a", {"DataType": "String"}, None),
    ("a", {"DataType": "Number"}, None),
    ("a", {"DataType": "Binary"}, None),
    ("a", text(""), "Message (user) attribute 'a' must contain a non-empty value of type 'String'."),
    ("a", binary(b""), None),
    ("a", text("v", "Binary"), None),
    ("a", binary(b"v", "String"), None),
    ("a", binary(b"1", "Number"), None),
    ("a", {**text("v"), "BinaryValue": b"v"}, None),
    ("a", text("ten", "Number"), "Can't cast the value of message (user) attribute 'a' to a number."),
    ("a", text("1 2", "Number"), "Can't cast the value of message (user) attribute 'a' to a number."),
    ("a", text("1x", "Number.int"), "Can't cast the value of message (user) attribute 'a' to a number."),
    ("a", text("a\x01b"), None),
    ("a", text("a\ufffeb"), None),
    ("", text("v"), None),
    ("n" * 257, text("v"), None),
    ("AWS.trace", text("v"), None),
    ("aws.trace", text("v"), None),
    ("Amazon.x", text("v"), None),
    ("aMaZoN.x", text("v"), None),
    (".a", text("v"), None),
    ("a.", text("v"), None),
    ("a!", text("v"), None),
    ('a"', text("v"), None),
    ("a§", text("v"), None),
    ("a(", text("v"), None),
    ("a?", text("v"), None),
    ("a b", text("v"), None),
]


@pytest.mark.parametrize("name, value, message", BAD)
def test_an_attribute_that_is_refused(sqs, queue, name, value, message):
    with refused("InvalidParameterValueException", message):
        send(sqs, queue, "hello", MessageAttributes={name: value})
    assert receive(sqs, queue) == []


@pytest.mark.parametrize("lists", [{"StringListValues": ["v"]}, {"BinaryListValues": [b"v"]}])
def test_lists_of_values_are_not_supported(sqs, queue, lists):
    with refused("UnsupportedOperation"):
        send(sqs, queue, "hello", MessageAttributes={"a": {"DataType": "String", **lists}})


# Choosing attributes on receive

CHOICES = [
    (["All"], {"General", "Hello", "Help.Me"}, "4c360f3fdafd970e05fae2f149d997f5"),
    ([".*"], {"General", "Hello", "Help.Me"}, "4c360f3fdafd970e05fae2f149d997f5"),
    (["*"], {"General", "Hello", "Help.Me"}, "4c360f3fdafd970e05fae2f149d997f5"),
    (["General", "Hel.*"], {"General", "Hello", "Help.Me"}, "4c360f3fdafd970e05fae2f149d997f5"),
    (["General", "Hello"], {"General", "Hello"}, "fca026605781cb4126a1e9044df24232"),
    (["Hel.*"], {"Hello", "Help.Me"}, "83fee93c1bcd8b9a5a923ffacdc636c7"),
    (["Hello", "Help.Me"], {"Hello", "Help.Me"}, "83fee93c1bcd8b9a5a923ffacdc636c7"),
    (["Hello", "nothing", "!?", ""], {"Hello"}, "a311262e065454b75da111d535b8dacd"),
    (["Hello", "Hello", "Hello.*"], {"Hello"}, "a311262e065454b75da111d535b8dacd"),
]


@pytest.mark.parametrize("names, chosen, digest", CHOICES)
def test_attributes_are_chosen_by_name_and_prefix_and_the_md5_covers_those_returned(sqs, queue, names, chosen, digest):
    attributes = {"Help.Me": text("Me"), "Hello": text("There"), "General": text("Kenobi")}
    send(sqs, queue, "hello", MessageAttributes=attributes)
    message = receive_one(sqs, queue, MessageAttributeNames=names)
    assert set(message["MessageAttributes"]) == chosen
    assert message["MD5OfMessageAttributes"] == digest


def test_a_prefix_may_end_within_what_is_one_letter_on_a_page(sqs, queue):
    send(sqs, queue, "hello", MessageAttributes={"\u0928\u093e\u092e": text("name")})
    [message] = receive(sqs, queue, MessageAttributeNames=["\u0928.*"])
    assert list(message["MessageAttributes"]) == ["\u0928\u093e\u092e"]


@pytest.mark.parametrize("names", [[], ["hello"], ["hel.*"], ["ello"], ["Hel"], ["Hell*"], ["H.e.*"]])
def test_when_no_attribute_is_chosen_neither_they_nor_an_md5_come(sqs, queue, names):
    send(sqs, queue, "hello", MessageAttributes={"Hello": text("There")})
    message = receive_one(sqs, queue, MessageAttributeNames=names)
    assert "MessageAttributes" not in message
    assert "MD5OfMessageAttributes" not in message
