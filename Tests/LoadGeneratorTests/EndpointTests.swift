import Testing

@testable import LoadGenerator

@Suite struct EndpointTests {
    @Test(arguments: [
        ("http://127.0.0.1:9324", "127.0.0.1:9324", "/"), ("http://localhost", "localhost", "/"),
        ("http://queues.example:80/", "queues.example:80", "/"), ("http://[::1]:9324/a/b", "[::1]:9324", "/a/b"),
    ])
    func `a URL is taken apart`(url: String, authority: String, path: String) throws {
        let endpoint = try Endpoint(url)
        #expect(endpoint.authority == authority)
        #expect(endpoint.path == path)
        #expect(endpoint.url == url)
    }

    @Test(arguments: [
        "127.0.0.1:9324", "", "http://", "http://:9324", "http://a:b", "http://a:0", "http://a:70000", "ftp://a",
        "http://a b", "http://user@a", "http://a/b c", "http://[::1", "http://[::1]x",
    ])
    func `what is no endpoint is refused`(url: String) {
        #expect(throws: LoadError.notAnEndpoint(url)) { try Endpoint(url) }
    }

    @Test func `https is refused in its own words`() {
        #expect(throws: LoadError.httpsIsNotSupported("https://a")) { try Endpoint("https://a") }
    }
}
