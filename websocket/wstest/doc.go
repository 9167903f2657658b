// Package wstest tests whether WebSocket endpoints do what the RFCs ask: servers and clients that
// echo, of any make.
//
// # Testing a server
//
//	func TestEcho(t *testing.T) {
//		server := httptest.NewServer(echoHandler)
//		defer server.Close()
//		wstest.Test(t, wstest.Target{URL: "ws" + server.URL[len("http"):]})
//	}
//
// The server must send each text and binary message back as it came. Say what its limit is, in
// Target.MaxMessageBytes, to have the limit itself tested. The command in cmd/wstest does the same
// for a server at any URL:
//
//	go run github.com/holdfast-dev/holdfast/websocket/wstest/cmd/wstest ws://127.0.0.1:9001
//
// # Testing a client
//
// TestClient listens, and has the client connect and echo once for each case:
//
//	wstest.TestClient(t, wstest.ClientTarget{Echo: func(ctx context.Context, url string) error {
//		return dialAndEcho(ctx, url)
//	}})
//
// # How it judges
//
// The cases come from RFC 6455 and RFC 7692; each names its section. They are strict: what an RFC
// says an endpoint SHOULD do counts where a peer can see it. In particular
//
//   - a violation is answered with a close frame that has the code of section 7.4.1, not only with the
//     end of the connection;
//   - text is refused at the byte that makes it wrong, not when its frame or message is complete;
//   - a close frame is answered with its own code, and the server closes the transport first.
//
// Where the RFCs leave a choice, so does the suite: messages that came before a violation in the
// same segment may be echoed or not; of several pings only the last must be answered; a pong may
// overtake an echo; bytes that can't be inflated are refused with 1002 or 1007; a close reason that is
// not UTF-8 likewise. Compression may be declined: its cases then do not apply.
//
// Everything that an endpoint sends in any case is checked too: masking, shortest lengths, reserved
// bits, close codes, UTF-8, and that compressed messages keep to the window that was agreed on.
//
// No case depends on how fast anything happens. A case fails for lack of an answer only when its
// timeout has passed.
//
// # Independence
//
// The package shares no code with the websocket package: it writes and reads bytes by itself. It is
// safe to run cases concurrently.
package wstest
