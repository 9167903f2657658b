package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"testing"
	"time"
)

const (
	clientsEnv  = "HOLDFAST_CHAOS_CLIENTS"  // switches the long form on
	channelsEnv = "HOLDFAST_CHAOS_CHANNELS" // of it; by default one for ten clients
	secondsEnv  = "HOLDFAST_CHAOS_SECONDS"  // of it; by default 60
	shapeEnv    = "HOLDFAST_CHAOS_SHAPE"    // of a crowd in a process of its own
)

// play gathers a crowd, lets it run and dissolves it.
func play(ctx context.Context, s shape, server string, started, during func()) (*report, error) {
	c, err := gather(ctx, s, server)
	if c == nil {
		return nil, err
	}
	var r *report
	if err == nil {
		started()
		r = c.run(ctx, during)
	}
	return r, errors.Join(err, c.leave(ctx))
}

// smallStorm cuts each connection a few times in a few seconds. Each time clients wait longer before they come back.
var smallStorm = weather{Every: time.Second, Lasts: 200 * time.Millisecond}

func TestNothingIsLostOrRepeatedHoweverOftenConnectionsBreak(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	s := shape{Name: "small", Clients: 50, Channels: 10, Interval: time.Second / 10, Lasts: 3 * time.Second, Weather: smallStorm}
	r, err := play(ctx, s, n.addr, func() {}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if t.Log(r); !r.flawless() || r.Cuts == 0 {
		t.Error("that is not as it should be")
	}
	n.stop(t)
}

// maxCrowd is how many clients a process carries: each takes three file descriptors, its own and two of the proxy.
const maxCrowd = 5000

// beCrowd plays a crowd: it says when everybody is there, waits for a line, and prints its report.
func beCrowd() error {
	var s shape
	if err := json.Unmarshal([]byte(os.Getenv(shapeEnv)), &s); err != nil {
		return err
	}
	var unheard error
	r, err := play(context.Background(), s, os.Getenv(serverAddrEnv), func() {
		fmt.Println("{}")
		_, unheard = io.ReadFull(os.Stdin, make([]byte, 1))
		go func() {
			<-untilOrphaned()
			os.Exit(1)
		}()
	}, nil)
	if err == nil {
		err = unheard
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func TestJitter(t *testing.T) {
	if os.Getenv(clientsEnv) == "" {
		return // make chaos-client
	}
	number := func(name string, otherwise int) int {
		text := os.Getenv(name)
		if text == "" {
			return otherwise
		}
		n, err := strconv.Atoi(text)
		if err != nil || n <= 0 {
			t.Fatalf("%s is %q, and has to be a number above 0", name, text)
		}
		return n
	}
	clients := number(clientsEnv, 0)
	channels := number(channelsEnv, max(1, clients/10))
	lasts := time.Duration(number(secondsEnv, 60)) * time.Second

	n := startNode(t)
	crowds := (clients + maxCrowd - 1) / maxCrowd
	var all []*child
	var reports []*json.Decoder
	for i := range crowds {
		s := shape{
			Name: fmt.Sprint("crowd-", i), Clients: clients / crowds, Channels: max(1, channels/crowds), Interval: time.Second, Lasts: lasts,
			Weather: weather{Every: 15 * time.Second, Lasts: 2 * time.Second},
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		c := startChild(t, "crowd", serverAddrEnv+"="+n.addr, shapeEnv+"="+string(text))
		all = append(all, c)
		reports = append(reports, json.NewDecoder(c.stdout))
	}
	r := &report{}
	next := func(i int) {
		var one report
		if err := reports[i].Decode(&one); err != nil {
			t.Fatalf("crowd %d: %v\n%s", i, err, all[i].errors.String())
		}
		r.add(&one)
	}
	for i := range all {
		next(i) // empty: everybody is there
	}
	for _, c := range all {
		if _, err := c.stdin.Write([]byte{'\n'}); err != nil {
			t.Fatal(err)
		}
	}
	before, err := n.process.usage()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for i := range all {
		next(i)
	}
	took := time.Since(began)
	after, err := n.process.usage()
	if err != nil {
		t.Fatal(err)
	}
	n.stop(t)
	spent := after.CPU - before.CPU
	fmt.Printf("%d clients in %d channels, 2 messages a second in each, for %v\n%v%-34s %.2f CPUs (%v in %v)\n%-34s %d MiB, %d at most\n",
		clients, channels, lasts, r,
		"server", spent.Seconds()/took.Seconds(), spent, took.Round(time.Second),
		"resident memory of the server", after.RSS>>20, after.RSSAtMost>>20)
	if !r.flawless() {
		t.Error("not everything came once and in order")
	}
}
