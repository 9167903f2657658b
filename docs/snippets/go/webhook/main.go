package main

import (
	"cmp"
	"log"
	"net/http"
	"os"

	"github.com/holdfast-dev/holdfast/client/webhook"
)

func main() {
	from, err := webhook.NewVerifier(os.Getenv("HOLDFAST_HOOK_SECRET"))
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		body, err := from.Read(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		log.Printf("%s", body)
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte("{}"))
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+cmp.Or(os.Getenv("PORT"), "8000"), nil))
}
