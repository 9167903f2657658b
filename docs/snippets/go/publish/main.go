package main

import (
	"context"
	"log"
	"os"

	"github.com/holdfast-dev/holdfast/client/admin"
)

func main() {
	holdfast, err := admin.New(os.Getenv("HOLDFAST_URL"), os.Getenv("HOLDFAST_API_KEY"), nil)
	if err != nil {
		log.Fatal(err)
	}
	stored, err := holdfast.Publish(context.Background(), admin.Message{
		Channel: "chat/orders",
		Payload: admin.Text(`{"order":1042,"state":"shipped"}`),
		ID:      "order-1042-shipped", // published again, it is stored once
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Print(stored.Channel, " ", stored.Offset)
}
