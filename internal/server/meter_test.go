package server

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestMetricsAreOnAListenerOfTheirOwn(t *testing.T) {
	n := start(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(url string) (int, string) {
		t.Helper()
		resp, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	status, body := get("http://" + n.MetricsAddr().String() + "/metrics")
	for _, has := range []string{"holdfast_connections 0\n", "process_resident_memory_bytes"} {
		if status != http.StatusOK || !strings.Contains(body, has) {
			t.Errorf("answered %d without %q", status, has)
		}
	}
	if status, _ := get("http://" + n.MetricsAddr().String() + "/channels/c"); status != http.StatusNotFound {
		t.Errorf("a channel on the address of the metrics: %d", status)
	}
	if status, _ := get("http://" + n.HTTPAddr().String() + "/metrics"); status != http.StatusNotFound {
		t.Errorf("metrics on the address of the channels: %d", status)
	}
}
