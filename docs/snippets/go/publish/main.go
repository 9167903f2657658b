package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	body := strings.NewReader(`{"channel": "chat/orders", "data": {"order": 1042, "state": "shipped"}}`)
	r, err := http.NewRequest("POST", os.Getenv("HOLDFAST_URL")+"/v1/publish", body)
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+os.Getenv("HOLDFAST_API_KEY"))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", "order-1042-shipped") // sent again, it is stored once
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		log.Fatalf("%s: %s (%v)", resp.Status, answer, err)
	}
	log.Printf("%s", answer)
}
