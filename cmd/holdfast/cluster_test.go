package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/client/admin"
)

func TestAClusterIsShownAsATableWithWhatToDo(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	status := admin.Cluster{
		Name: "holdfast", Node: "a", Peers: []string{"a:6222", "b:6222", "c:6222"},
		Quorum: &admin.Quorum{OK: true, Leader: "b", Members: 3, Here: 2, Needed: 2},
		Nodes: []admin.ClusterNode{
			{Name: "a", State: "ready", Since: now.Add(-time.Hour), Version: "v1.2.3", Connections: 12, Member: true, Endpoints: []string{"wss://a.example.com"}},
			{Name: "b", State: "ready", Since: now.Add(-time.Minute), Version: "v1.2.3", Member: true},
			{Name: "c", State: "gone", Member: true},
		},
		Logs: []admin.ClusterLog{
			{Channels: "//keys", Leader: "a"},
			{Channels: "chat/#", Messages: 5, Bytes: 600, Replicas: 3, Leader: "b", Others: []admin.LogReplica{{Node: "a", Lag: 7}, {Node: "c", Offline: true}}},
		},
		Trouble: []admin.Trouble{{Kind: "gone", Fail: true, What: "the node c is not here\x1b[31m", Do: "start it again"}},
	}
	var b bytes.Buffer
	if err := showCluster(&b, status, now); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		`NODE  STATE  FOR     CLIENTS  VERSION  LOGS   ENDPOINTS`,
		`a     ready  1h0m0s  12       v1.2.3   keeps  wss://a.example.com`,
		`b     ready  1m0s    0        v1.2.3   leads  -`,
		`c     gone   -       0        -        keeps  -`,
		``,
	}, "\n")
	if !strings.HasPrefix(b.String(), want) {
		t.Errorf("shown\n%s\nwant\n%s", b.String(), want)
	}
	for _, part := range []string{"2 of 3 nodes are here, and 2 are needed to store anything; b leads.", "chat/#  5         600    b       a (7 behind), c (gone)", "FAIL  the node c is not here", "\n      -> start it again\n"} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("%q is not shown in\n%s", part, b.String())
		}
	}
	if strings.Contains(b.String(), "\x1b") || strings.Contains(b.String(), "//keys") {
		t.Errorf("shown\n%s", b.String())
	}
	if exitCodeOf(failing(status)) != exitFailed || failing(admin.Cluster{Trouble: []admin.Trouble{{Kind: "clock"}}}) != nil {
		t.Error("what does not work is no failure, or a warning is one")
	}
}

func TestEachSubjectIsLookedAt(t *testing.T) {
	status := admin.Cluster{Trouble: []admin.Trouble{
		{Kind: "gone", Fail: true, What: "b is gone"}, {Kind: "gone", Fail: true, What: "c is gone"}, {Kind: "clock", What: "slow", Do: "NTP"},
	}}
	var got []string
	for _, f := range findingsOf(status) {
		got = append(got, f.Subject+" "+f.Result)
	}
	want := "nodes fail, nodes fail, majority ok, logs ok, versions ok, clocks warn, disks ok, number ok, endpoints ok"
	if strings.Join(got, ", ") != want {
		t.Errorf("found %v", got)
	}
	for _, f := range findingsOf(admin.Cluster{Quorum: &admin.Quorum{Members: 3, Here: 1, Needed: 2}}) {
		if f.Subject == "logs" && f.Result != "warn" {
			t.Errorf("without a majority the copies are said to be %s: %s", f.Result, f.What)
		}
	}
}

func TestWhatANodeIsAddedWithHasTheNewAddressAndNoSecret(t *testing.T) {
	status := admin.Cluster{Name: "holdfast", Node: "a", Peers: []string{"a:6222"}, Quorum: &admin.Quorum{}, Nodes: []admin.ClusterNode{{Name: "a", State: "ready"}, {Name: "c", State: "gone"}}}
	var b bytes.Buffer
	if err := explainAdd(&b, status, "b", "b.internal:6222"); err != nil || !strings.Contains(b.String(), "peers: [a:6222, b.internal:6222]") || !strings.Contains(b.String(), "node: b\n") {
		t.Errorf("%v\n%s", err, b.String())
	}
	if err := explainAdd(&b, status, "a", "a:6222"); err == nil {
		t.Error("a node that is there is added")
	}
	if err := explainAdd(&b, status, "c", "c:6222"); err != nil {
		t.Errorf("a node that is gone comes back: %v", err)
	}
	status.Quorum = nil
	if err := explainAdd(&b, status, "b", "b:6222"); err == nil {
		t.Error("a node is added to one that is alone")
	}
}
