package main

import (
	"bytes"
	"encoding/json"
	"log"
	"net/http"
	"os"
)

type message struct {
	Channel string `json:"channel"`
	Data    any    `json:"data"`
}

func main() {
	body, err := json.Marshal(map[string][]message{"messages": {
		{"chat/orders", map[string]any{"order": 1042, "state": "delivered"}},
		{"chat/lobby", "The night shift begins."},
	}})
	if err != nil {
		log.Fatal(err)
	}
	r, err := http.NewRequest("POST", os.Getenv("HOLDFAST_URL")+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+os.Getenv("HOLDFAST_API_KEY"))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", "night-shift-7")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Detail  string // what is wrong with all of it
		Results []struct {
			Channel string
			Offset  uint64
			Error   *struct{ Detail string }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		log.Fatalf("%s: %s (%v)", resp.Status, answer.Detail, err)
	}
	for _, one := range answer.Results {
		if one.Error != nil {
			log.Fatalf("%s: %s", one.Channel, one.Error.Detail)
		}
		log.Print(one.Channel, " ", one.Offset)
	}
}
