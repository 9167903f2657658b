package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// invocation is what has become of one, as nodes tell each other.
type invocation struct {
	Result  jsontext.Value `json:"result,omitzero"`
	Failed  failure        `json:"failed,omitzero"`
	Why     string         `json:"why,omitzero"`
	Running bool           `json:"running,omitzero"` // ask again
	err     error          // on the node that it was on
}

// failure is why an invocation has no result, one of few.
type failure string

const (
	failedNoConnection failure = "no_connection"
	failedClient       failure = "client_error"
	failedNoAnswer     failure = "client_timeout"
	failedNoMethods    failure = "cannot_invoke"
	failedOtherwise    failure = "internal"
)

// outcome returns what is answered.
func (i *invocation) outcome(connection string) (any, error) {
	switch i.Failed {
	case "":
		return &invoked{i.Result}, nil
	case failedNoConnection:
		return nil, noConnection(connection)
	case failedClient:
		return nil, refusal(string(i.Failed), http.StatusBadGateway, "%s", i.Why)
	case failedNoAnswer:
		return nil, refusal(string(i.Failed), http.StatusGatewayTimeout, "%s", i.Why)
	case failedNoMethods:
		return nil, refusal(string(i.Failed), http.StatusConflict, "%s", i.Why)
	}
	if i.err != nil {
		return nil, i.err
	}
	return nil, errors.New(i.Why)
}

// invokeQuestion has a node invoke a method, or asks what has become of that.
type invokeQuestion struct {
	ID      string         `json:"id"` // of the invocation
	Request *invokeRequest `json:"request,omitzero"`
}

const (
	invokeTopic = "api.invoke"
	// invokePart is how long a node waits for a client before it answers that the invocation still runs: a node is not
	// waited for as long as a client may be.
	invokePart = nodeTimeout / 2
	// invokeKept is how long the node that asked may take to ask for the outcome.
	invokeKept = 10 * time.Second
	// maxInvocations is how many other nodes may have running here.
	maxInvocations = 1000
)

// invokeOn has another node invoke a method of a client of its own.
func (h *Handler) invokeOn(ctx context.Context, node cluster.Node, r *invokeRequest) (*invocation, error) {
	if size := len(r.Arguments); size > maxPartBytes {
		return nil, refusal("too_large", http.StatusRequestEntityTooLarge,
			"the arguments have %d bytes, and the node that the client is connected to can be sent %d", size, maxPartBytes)
	}
	q := invokeQuestion{ID: rand.Text(), Request: r}
	for {
		done, err := ask[invocation](ctx, h, node.ID, invokeTopic, q)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil: // which is not to be tried again by itself
			return &invocation{Failed: failedClient, Why: fmt.Sprintf("the node %s, which the client was connected to, does not tell the outcome (%v); the client may have got the invocation", node.Name, err)}, nil
		case !done.Running:
			return done, nil
		}
		q.Request = nil
	}
}

// invocations are those that other nodes have begun here.
type invocations struct {
	work    context.Context
	stop    context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex // guards what follows
	all    map[string]*runningInvocation
	closed bool
}

func newInvocations() *invocations {
	is := &invocations{all: make(map[string]*runningInvocation)}
	is.work, is.stop = context.WithCancel(context.Background())
	return is
}

// close ends those that run.
func (is *invocations) close() {
	is.mu.Lock()
	is.closed = true
	is.mu.Unlock()
	is.stop()
	is.running.Wait()
}

type runningInvocation struct {
	done chan struct{} // closed when outcome is set
	*invocation
}

// invokeFor answers a node that wants a method invoked, or what has become of that.
func (h *Handler) invokeFor(ctx context.Context, from string, q *invokeQuestion) (*invocation, error) {
	run, err := h.invocations.begin(from+" "+q.ID, q.Request, h.invokeOwn)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(invokePart)
	defer timer.Stop()
	select {
	case <-run.done:
		if len(run.Result) > maxPartBytes {
			return &invocation{Failed: failedClient, Why: fmt.Sprintf("the client has answered with more than the %d bytes that nodes tell each other", maxPartBytes)}, nil
		}
		return run.invocation, nil
	case <-timer.C:
	case <-ctx.Done():
	}
	return &invocation{Running: true}, nil
}

// begin returns an invocation, which it begins if it is a new one.
func (is *invocations) begin(id string, r *invokeRequest, invoke func(context.Context, *invokeRequest) *invocation) (*runningInvocation, error) {
	is.mu.Lock()
	defer is.mu.Unlock()
	run := is.all[id]
	switch {
	case run != nil:
		return run, nil
	case is.closed:
		return nil, errors.New("the node stops")
	case r == nil:
		return nil, errors.New("the invocation is not known any more")
	case len(is.all) >= maxInvocations:
		return nil, errors.New("too many invocations are running here for other nodes")
	}
	run = &runningInvocation{done: make(chan struct{})}
	is.all[id] = run
	is.running.Go(func() {
		run.invocation = invoke(is.work, r)
		close(run.done)
		time.AfterFunc(invokeKept, func() {
			is.mu.Lock()
			defer is.mu.Unlock()
			delete(is.all, id)
		})
	})
	return run, nil
}
