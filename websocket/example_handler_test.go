package websocket_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/holdfast-dev/holdfast/websocket"
)

// A handler for all versions of HTTP: the connection ends when the function returns.
func ExampleHandler() {
	mux := http.NewServeMux()
	mux.Handle("/shout", websocket.Handler(nil, func(c *websocket.Conn) {
		for {
			typ, message, err := c.Read(context.Background())
			if err != nil {
				return
			}
			c.Write(context.Background(), typ, []byte(strings.ToUpper(string(message))))
		}
	}))
	server := httptest.NewServer(mux)
	defer server.Close()

	ctx := context.Background()
	c, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http")+"/shout", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	c.Write(ctx, websocket.Text, []byte("hello"))
	_, message, _ := c.Read(ctx)
	fmt.Println(string(message), c.Close(ctx, websocket.CloseNormal, ""))
	// Output: HELLO <nil>
}
