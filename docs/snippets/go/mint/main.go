package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	body := strings.NewReader(`{"user": "ada", "channels": {"chat/#": "rw", "inbox/{user}": "r"}, "expires_in": 3600}`)
	r, err := http.NewRequest("POST", os.Getenv("HOLDFAST_URL")+"/v1/tokens", body)
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+os.Getenv("HOLDFAST_API_KEY"))
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var made struct{ Token, Detail string }
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || resp.StatusCode != http.StatusOK {
		log.Fatalf("%s: %s (%v)", resp.Status, made.Detail, err)
	}
	fmt.Println(made.Token) // for the browser of ada
}
