//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/bench/internal/daemon"
	"github.com/holdfast-dev/holdfast/bench/internal/dialect"
	"github.com/holdfast-dev/holdfast/bench/internal/load"
)

// comeBack fills a channel of our own server with one message and those that are missed behind it,
// and has the subscribers of target come back to where only the first had been.
func (p *serverPlan) comeBack(ctx context.Context, target load.Target, server *daemon.Running) (*load.Result, error) {
	filling := target
	filling.Dialect, filling.Conns, filling.Depth = dialect.Post{Prefix: daemon.ChannelPrefix}, 1, 1
	if err := load.Request(ctx, filling, missed+1); err != nil {
		return nil, fmt.Errorf("filling the channel: %w", err)
	}
	offset, err := oldest(ctx, fmt.Sprintf("http://%s%s%s?last=%d", server.Addr, daemon.ChannelPrefix, target.Channel, missed+1))
	if err != nil {
		return nil, err
	}
	target.Dialect = dialect.WebSocket{Prefix: daemon.ChannelPrefix, Quiet: "?echo=false", From: "?since=" + strconv.FormatUint(offset, 10)}
	return load.Return(ctx, target, missed, server.CPU)
}

// oldest returns the offset of the first of the stored messages that a URL answers with.
func oldest(ctx context.Context, url string) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Accept", "application/json")
	request.Close = true
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var stored []struct{ Offset uint64 }
	if err := json.NewDecoder(answer.Body).Decode(&stored); err != nil || answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("GET %s: %s, %w", url, answer.Status, err)
	}
	if len(stored) != missed+1 {
		return 0, fmt.Errorf("GET %s: %d messages are stored; there should be %d", url, len(stored), missed+1)
	}
	return stored[0].Offset, nil
}
