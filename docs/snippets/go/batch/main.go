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
	results, err := holdfast.PublishBatch(context.Background(), []admin.Message{
		{Channel: "chat/orders", Payload: admin.Text(`{"order":1042,"state":"delivered"}`)},
		{Channel: "chat/lobby", Payload: admin.Text("The night shift begins.")},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, one := range results {
		if one.Problem != nil {
			log.Fatalf("%s: %v", one.Channel, one.Problem)
		}
		log.Print(one.Channel, " ", one.Offset)
	}
}
