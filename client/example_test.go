package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/holdfast-dev/holdfast/client"
)

func ExampleDial() {
	ctx := context.Background()
	c, err := client.Dial(ctx, "wss://example.com/socket", nil)
	if err != nil {
		log.Fatal(err)
	}
	ack, err := c.Channel("chat/lobby").Publish(ctx, client.Text("hello"), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("stored at", ack.Offset)
	if err := c.Close(ctx); err != nil {
		log.Fatal(err)
	}
}

func ExampleSubscription_Messages() {
	ctx := context.Background()
	c, err := client.Dial(ctx, "wss://example.com/socket", nil)
	if err != nil {
		log.Fatal(err)
	}
	sub, err := c.Channel("chat/lobby").Subscribe(ctx, &client.SubscribeOptions{Last: 10})
	if err != nil {
		log.Fatal(err)
	}
	for message, err := range sub.Messages(ctx) {
		var lost *client.Lost
		var gap *client.Gap
		switch {
		case errors.As(err, &lost), errors.As(err, &gap):
			log.Print(err) // something is missing; the iteration goes on
		case err != nil:
			log.Fatal(err) // this is the end
		default:
			fmt.Println(message.Text())
		}
	}
}

func ExampleChannel_PublishAsync() {
	ctx := context.Background()
	c, err := client.Dial(ctx, "wss://example.com/socket", nil)
	if err != nil {
		log.Fatal(err)
	}
	var all []*client.Publication
	for i := range 1000 { // in order, without waiting for each
		p, err := c.Channel("ticks").PublishAsync(ctx, client.Text(fmt.Sprint(i)), nil)
		if err != nil {
			log.Fatal(err)
		}
		all = append(all, p)
	}
	for _, p := range all {
		if _, err := p.Wait(ctx); err != nil {
			log.Print(err)
		}
	}
}
