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
	for present, err := range holdfast.Presence(context.Background(), "chat/lobby") {
		if err != nil {
			log.Fatal(err)
		}
		log.Print(present.User, " ", present.Connections)
	}
}
