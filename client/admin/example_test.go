package admin_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/holdfast-dev/holdfast/client/admin"
)

func Example() {
	ctx := context.Background()
	c, err := admin.New("https://holdfast.example", os.Getenv("HOLDFAST_API_KEY"), nil)
	if err != nil {
		log.Fatal(err)
	}

	// The id makes it safe to run this twice.
	_, err = c.Publish(ctx, admin.Message{Channel: "orders/7", Payload: admin.Text(`{"state":"paid"}`), ID: "order-7-paid"})
	if p, ok := errors.AsType[*admin.Problem](err); ok && p.Code() == "invalid_data" {
		log.Fatalf("the schema of orders has changed: %v", p)
	} else if err != nil {
		log.Fatal(err)
	}

	for conn, err := range c.Connections(ctx, admin.Filter{User: "ada"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(conn.ID, conn.Edge, conn.Address, conn.Subscriptions)
	}
}
