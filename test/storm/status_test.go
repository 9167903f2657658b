//go:build linux

package storm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// status is what a node tells of the cluster: see docs/api.md.
type status struct {
	Logs []struct {
		Channels string
		Leader   string
		Others   []struct {
			Node    string
			Current bool
		}
	}
}

func (n *node) status(ctx context.Context) (s status, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", "http://"+n.http+"/v1/cluster", nil)
	if err != nil {
		return s, err
	}
	req.Header.Set("Authorization", "Bearer "+n.key.key)
	resp, err := single.Do(req)
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", resp.Status, body)
	}
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(body, &s)
}

// leader returns the node that leads the log of what is below storm/.
func (f *fleet) leader(ctx context.Context) (*node, error) {
	for _, n := range f.nodes {
		s, err := n.status(ctx)
		if err != nil {
			return nil, err
		}
		for _, log := range s.Logs {
			for _, leads := range f.nodes {
				if log.Channels == "storm/#" && log.Leader == leads.name {
					return leads, nil
				}
			}
		}
	}
	return nil, errors.New("nobody says who leads the log")
}

// whole returns nil when every node of a cluster has all of every log. Only then it can lose another one, or its disk.
func (f *fleet) whole(ctx context.Context, n *node) error {
	s, err := n.status(ctx)
	if err != nil {
		return err
	}
	for _, log := range s.Logs {
		if log.Leader == "" || len(log.Others) != len(f.nodes)-1 {
			return fmt.Errorf("%s is led by %q, and on %d nodes more", log.Channels, log.Leader, len(log.Others))
		}
		for _, other := range log.Others {
			if !other.Current {
				return fmt.Errorf("%s does not have all of %s", other.Node, log.Channels)
			}
		}
	}
	return nil
}
