package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/holdfast-dev/holdfast/client/admin"
)

func main() {
	holdfast, err := admin.New(os.Getenv("HOLDFAST_URL"), os.Getenv("HOLDFAST_API_KEY"), nil)
	if err != nil {
		log.Fatal(err)
	}
	made, err := holdfast.MakeToken(context.Background(), admin.TokenRequest{
		User:     "ada",
		Channels: map[string]string{"chat/#": "rw", "inbox/{user}": "r"},
		Lifetime: time.Hour,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(made.Token) // for the browser of ada
}
