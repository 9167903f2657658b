package protocol

import (
	"slices"
	"time"
)

// goldens are the messages of testdata.
var goldens = []golden{
	{name: "connect", says: "a fresh session with a token", command: &Connect{
		Token: "eyJhbGciOi.e30.c2ln", Client: &Client{Name: "holdfast-js", Version: "1.0.0"},
	}},
	{name: "connect-anonymous", says: "nothing but the verb", command: &Connect{}},
	{name: "connect-resume", says: "back with a session; the token counts if that fails", command: &Connect{
		Token: "eyJhbGciOi.e30.c2ln", Session: &Session{ID: "s8Kq2v", Secret: "dGhpcyBpcyBub3Q"},
	}},
	{name: "connect-ok", says: "a fresh session", of: "connect", ok: &ConnectOK{
		Session: Session{ID: "s8Kq2v", Secret: "dGhpcyBpcyBub3Q"},
		User:    "ada", Expires: time.Hour, Window: time.Minute, Dedup: 30 * time.Second, Ping: 25 * time.Second, Pong: 20 * time.Second,
		Limits:    Limits{MessageBytes: 1 << 20, Commands: 256, Subscriptions: 1000},
		Endpoints: []string{"wss://a.example/socket", "wss://b.example/socket"},
	}},
	{name: "connect-ok-subscribed", says: "the server has subscribed the client to two channels, one with history", of: "connect", ok: &ConnectOK{
		Session: Session{ID: "s8Kq2v", Secret: "dGhpcyBpcyBub3Q"}, User: "ada",
		Window: time.Minute, Dedup: 30 * time.Second, Ping: 25 * time.Second, Pong: 20 * time.Second,
		Limits: Limits{MessageBytes: 1 << 20, Commands: 256, Subscriptions: 1000},
		Subscriptions: []Subscribed{
			{Sub: FirstServerSub, Channel: "inbox/ada", Position: Positions{{7, "k3f9a2"}}},
			{Sub: FirstServerSub + 1, Channel: "news"},
		},
	}},
	{name: "connect-ok-resumed", says: "the session goes on; seconds with a fraction", of: "connect", ok: &ConnectOK{
		Session: Session{ID: "s8Kq2v", Secret: "dGhpcyBpcyBub3Q"}, Resumed: true,
		Window: time.Minute, Dedup: 30 * time.Second, Ping: 250 * time.Millisecond, Pong: 1500 * time.Millisecond,
		Limits: Limits{MessageBytes: 65536, Commands: 64, Subscriptions: 100},
	}},
	{name: "connect-ok-not-resumed", says: "a fresh session in place of the one asked for", of: "connect", ok: &ConnectOK{
		Session: Session{ID: "t3Jw9x", Secret: "YW5vdGhlciBvbmU"}, Why: WhyExpired,
		Window: time.Minute, Dedup: 30 * time.Second, Ping: 25 * time.Second, Pong: 20 * time.Second,
		Limits: Limits{MessageBytes: 65536, Commands: 64, Subscriptions: 100},
	}},

	{name: "subscribe", says: "a channel", command: &Subscribe{Channel: "chat/lobby"}},
	{name: "subscribe-since", says: "a channel from a position, with presence and without echo", command: &Subscribe{
		Channel: "chat/lobby", Sub: 1, Since: Positions{{1040, "k3f9a2"}}, Presence: true, NoEcho: true,
	}},
	{name: "subscribe-pattern", says: "a pattern from a position in each of two logs", command: &Subscribe{
		Pattern: "sensors/+/temp", Sub: 2, Since: Positions{{77, "p0q8zz"}, {12, "a1-b2_C3"}}, Latest: true,
	}},
	{name: "subscribe-last", says: "the newest messages first", command: &Subscribe{Channel: "chat/lobby", Sub: 3, Last: 20}},
	{name: "subscribe-ok", says: "two messages come, then live", of: "subscribe", ok: &SubscribeOK{
		Sub: 1, Position: Positions{{1040, "k3f9a2"}}, Replay: 2,
	}},
	{name: "subscribe-ok-pattern", says: "a position in each of two logs", of: "subscribe", ok: &SubscribeOK{
		Sub: 2, Position: Positions{{77, "p0q8zz"}, {12, "a1-b2_C3"}},
	}},
	{name: "subscribe-ok-ephemeral", says: "a channel without history", of: "subscribe", ok: &SubscribeOK{Sub: 3}},
	{name: "subscribe-ok-lost", says: "the position has expired", of: "subscribe", ok: &SubscribeOK{
		Sub: 1, Position: Positions{{2099, "k3f9a2"}}, Lost: true, Why: WhyExpired, Oldest: Positions{{2100, "k3f9a2"}},
	}},

	{name: "unsubscribe", says: "ends a subscription", command: &Unsubscribe{Sub: 1}},
	{name: "unsubscribe-ok", says: "it has ended", of: "unsubscribe", ok: &UnsubscribeOK{}},

	{name: "publish", says: "text with an id and a key", command: &Publish{
		Channel: "chat/lobby", Payload: Text("héllo \"wörld\" 🌍\n"), ID: "9f2c-1", Key: "k1",
	}},
	{name: "publish-binary", says: "bytes", command: &Publish{Channel: "chat/lobby", Payload: Binary([]byte{0x89, 'P', 'N', 'G', 0x00, 0xff})}},
	{name: "publish-empty", says: "empty text", command: &Publish{Channel: "chat/lobby", Payload: Text("")}},
	{name: "publish-ok", says: "it is stored", of: "publish", ok: &PublishOK{Offset: 1043, Epoch: "k3f9a2"}},
	{name: "publish-ok-duplicate", says: "one with its id had been stored before", of: "publish", ok: &PublishOK{Offset: MaxWhole, Epoch: "k3f9a2", Duplicate: true}},
	{name: "publish-ok-ephemeral", says: "given to whoever is there", of: "publish", ok: &PublishOK{}},

	{name: "history", says: "the page behind a position", command: &History{Channel: "chat/lobby", Since: Positions{{1040, "k3f9a2"}}, Limit: 50}},
	{name: "history-last", says: "the newest", command: &History{Channel: "chat/lobby", Last: 2}},
	{name: "history-ok", says: "a page with more behind it", of: "history", ok: &HistoryOK{
		Messages: []Message{
			{Offset: 1041, Payload: Text("one"), ID: "9f2c-1", Time: goldenTime},
			{Offset: 1042, Payload: Binary([]byte{1, 2}), Time: goldenTime.Add(250 * time.Millisecond)},
		},
		Position: Positions{{1042, "k3f9a2"}}, More: true,
	}},
	{name: "history-ok-empty", says: "nothing is kept any more", of: "history", ok: &HistoryOK{
		Position: Positions{{2099, "k3f9a2"}}, Lost: true, Why: WhyReset,
	}},

	{name: "presence", says: "the first page", command: &Presence{Channel: "chat/lobby"}},
	{name: "presence-after", says: "the next page", command: &Presence{Channel: "chat/lobby", After: "bob", Limit: 100}},
	{name: "presence-ok", says: "two users, one of them with two connections", of: "presence", ok: &PresenceOK{
		Users: []User{
			{User: "ada", Connections: []Connection{{ID: "s8Kq2v", Info: `{"name":"Ada"}`}, {ID: "u1Lm0p"}}},
			{User: "", Connections: []Connection{{ID: "t3Jw9x"}}},
		},
		Count: Count{Users: 230, Connections: 231}, Next: "bob",
	}},

	{name: "rpc", says: "calls a method", command: &RPC{Method: "rename", Payload: Text(`{"to":"Ada"}`)}},
	{name: "rpc-ok", says: "what it has returned", of: "rpc", ok: &RPCOK{Text(`{"done":true}`)}},
	{name: "rpc-ok-binary", says: "the same in bytes", of: "rpc", ok: &RPCOK{Binary([]byte{0, 1, 2, 255})}},

	{name: "refresh", says: "a new token", command: &Refresh{Token: "eyJhbGciOi.e31.c2ln"}},
	{name: "refresh-ok", says: "it lasts an hour, and the session has another secret", of: "refresh", ok: &RefreshOK{
		Expires: time.Hour, Session: &Session{ID: "s8Kq2v", Secret: "bmV3IHNlY3JldA"},
	}},

	{name: "ping", says: "asks for a sign of life", command: &Ping{}},
	{name: "ping-ok", says: "the sign of life", of: "ping", ok: &PingOK{}},

	{name: "error", says: "not to be tried again", fault: &Error{Code: CodeNotPermitted, Message: `user "bob" may not publish to chat/lobby`, Ref: "q7x2"}},
	{name: "error-retry", says: "to be tried again, not before half a second", fault: &Error{
		Code: CodeRateLimited, Message: "more than 20 messages a second; slow down", Retry: true, After: 500 * time.Millisecond,
	}},

	{name: "message", says: "of a channel with history", push: &Message{
		Sub: 1, Offset: 1043, Payload: Text("héllo \"wörld\" 🌍\n"), ID: "9f2c-1", Key: "k1", Time: goldenTime,
	}},
	{name: "message-binary", says: "bytes", push: &Message{Sub: 1, Offset: 1044, Payload: Binary([]byte{0x89, 'P', 'N', 'G', 0x00, 0xff}), Time: goldenTime}},
	{name: "message-pattern", says: "of a subscription to a pattern", push: &Message{
		Sub: 2, Channel: "sensors/k1/temp", Epoch: "p0q8zz", Offset: 78, Payload: Text("21.5"), Time: goldenTime,
	}},
	{name: "message-ephemeral", says: "of a channel without history", push: &Message{Sub: 3, Payload: Text(""), Time: goldenTime}},
	{name: "live", says: "the replay is over", push: &Live{Sub: 1, Position: Positions{{1043, "k3f9a2"}}}},
	{name: "live-ephemeral", says: "of a channel without history", push: &Live{Sub: 3}},
	{name: "lost", says: "messages between two positions are not kept any more", push: &Lost{
		Sub: 1, Since: Positions{{1044, "k3f9a2"}}, Position: Positions{{2100, "k3f9a2"}}, Why: WhyExpired,
	}},
	{name: "gap", says: "messages of a channel without history were left out", push: &Gap{Sub: 3, Missed: 17}},
	{name: "presence-change", says: "one comes, one goes", push: &PresenceChange{
		Sub: 1, Join: []Entry{{User: "bob", ID: "t3Jw9x", Info: `{"name":"Bob"}`}}, Leave: []Entry{{User: "", ID: "u1Lm0p"}},
		Count: Count{Users: 2, Connections: 2},
	}},
	{name: "presence-change-partial", says: "more come and go than are named", push: &PresenceChange{
		Sub: 1, Count: Count{Users: 70000, Connections: 5000000000}, Partial: true,
	}},
	{name: "unsubscribed", says: "the server has ended a subscription", push: &Unsubscribed{
		Sub: 1, Error: Error{Code: CodeNotPermitted, Message: "you may not read chat/lobby any more", Ref: "q7x2"},
	}},
	{name: "move", says: "connect somewhere else within 15 s", push: &Move{Spread: 15 * time.Second, Why: WhyShutdown, Ref: "m4c1"}},
	{name: "move-endpoints", says: "connect to one of these", push: &Move{
		After: 2500 * time.Millisecond, Spread: time.Minute, Why: WhyBalance, Ref: "m4c2", Endpoints: []string{"wss://b.example/socket"},
	}},
	{name: "expiring", says: "the token expires in a minute", push: &Expiring{In: time.Minute}},
}

// arrays are WebSocket messages of several of them.
var arrays = []array{
	{
		Name: "array-back", Kind: "commands", Says: "a client comes back: its session, its subscriptions, what was not acknowledged",
		Of: []string{"connect-resume", "subscribe-since", "subscribe-pattern", "publish"}, JSON: "array-back.json", MessagePack: "array-back.msgpack",
	},
	{
		Name: "array-replay", Kind: "server", Says: "replies and pushes together",
		Of: []string{"connect-ok-resumed", "subscribe-ok", "message", "message-binary", "live", "error-retry"}, JSON: "array-replay.json", MessagePack: "array-replay.msgpack",
	},
	{
		Name: "array-long", Kind: "server", Says: "more than MessagePack counts in one byte",
		Of: slices.Repeat([]string{"message-ephemeral"}, 16), JSON: "array-long.json", MessagePack: "array-long.msgpack",
	},
}
