package main

import (
	"encoding/json"
	"log"
	"net/http"
	"net/url"
	"os"
)

func main() {
	query := url.Values{"channel": {"chat/lobby"}}
	r, err := http.NewRequest("GET", os.Getenv("HOLDFAST_URL")+"/v1/presence?"+query.Encode(), nil)
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+os.Getenv("HOLDFAST_API_KEY"))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var present struct {
		Detail string // what is wrong
		Count  struct{ Users, Connections int }
		Users  []struct{ User string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&present); err != nil || resp.StatusCode != http.StatusOK {
		log.Fatalf("%s: %s (%v)", resp.Status, present.Detail, err)
	}
	log.Print(present.Count.Users, " ", present.Users)
}
