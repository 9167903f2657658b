// Package client speaks the Holdfast protocol (docs/protocol.md): many channels on one connection that
// comes back after a drop and has lost nothing.
//
//	c, err := client.Dial(ctx, "wss://example.com/socket", nil)
//	if err != nil {
//		return err
//	}
//	defer c.Close(ctx)
//	lobby := c.Channel("chat/lobby")
//	ack, err := lobby.Publish(ctx, client.Text("hello"), nil)
//	…
//	sub, err := lobby.Subscribe(ctx, &client.SubscribeOptions{Last: 10})
//	…
//	for message, err := range sub.Messages(ctx) {
//		…
//	}
//
// # What comes back
//
// When the connection breaks, the client connects again, at another endpoint if there are several, waiting
// a random time that grows. It resumes the session, so that identity and presence stay; every
// subscription goes on behind the last message that it has; publications that were not acknowledged are
// sent again with their ids, in order, and stored once. When the server asks the client to move, it
// connects anew before it leaves, and what is on its way meanwhile comes once and in order, also in channels without
// history. Client.States tells of all that, and nothing else has to know.
//
// In a channel with history each message arrives once and in order, or a Lost says what the history does not
// keep any more. Channels without history promise less: a Gap says that something may be missed, and a
// publication whose acknowledgement was lost may be given out twice.
//
// # Without a WebSocket
//
// Some networks let no WebSocket through. The client then takes a stream of events, or long polling where a
// proxy holds that back, with the same promises. It remembers what has worked, and when a WebSocket passes
// again it moves there. Change.Transport tells how messages travel, and Options.Transports restricts it.
//
// # Bounds
//
// What waits for the application is bounded for each subscription, and what waits for the server is
// bounded for all publications together: see Subscription and Options. Publish waits when there is no
// room.
package client
