package protocol

import (
	"encoding/json"
	"fmt"
	"testing"
)

// benchPayload is a chat message.
var benchPayload = Text(`{"from":"ada","text":"hello, how is everybody doing today? I have brought \"cake\"","at":1795269600000}`)

// BenchmarkDecodePublish compares with encoding/json, which checks less.
func BenchmarkDecodePublish(b *testing.B) {
	command := Command{ID: 7, Verb: &Publish{Channel: "chat/lobby", Payload: benchPayload, ID: "9f2c-1"}}
	for _, e := range encodings {
		message := e.AppendCommand(nil, command)
		b.Run(e.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.DecodeCommands(message, 256); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	message := JSON.AppendCommand(nil, command)
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var into struct {
				ID      uint64 `json:"id"`
				Publish *struct {
					Channel, Data, ID, Key string
					Binary                 bool
				} `json:"publish"`
			}
			if err := json.Unmarshal(message, &into); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkPrepare(b *testing.B) {
	m := &Message{Offset: 1043, Payload: benchPayload, ID: "9f2c-1", Time: goldenTime}
	for _, e := range encodings {
		b.Run(e.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.Prepare(m)
			}
		})
	}
}

func BenchmarkAppendPrepared(b *testing.B) {
	m := &Message{Offset: 1043, Payload: benchPayload, ID: "9f2c-1", Time: goldenTime}
	for _, e := range encodings {
		prepared := e.Prepare(m)
		buf := make([]byte, 0, prepared.Len())
		b.Run(e.String(), func(b *testing.B) {
			for b.Loop() {
				prepared.Append(buf, 12)
			}
		})
	}
}

func BenchmarkDecodeMessages(b *testing.B) {
	for _, e := range encodings {
		push := e.AppendPush(nil, &Message{Sub: 1, Offset: 1043, Payload: benchPayload, ID: "9f2c-1", Time: goldenTime})
		for _, n := range []int{1, 16} {
			var all [][]byte
			for range n {
				all = append(all, push)
			}
			message := e.Join(nil, all...)
			b.Run(fmt.Sprintf("%v/%d", e, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := e.DecodeServer(message); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
