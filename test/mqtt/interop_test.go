package mqtt

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"
)

// mosquitto runs one of its clients, and returns what it prints.
func mosquitto(t *testing.T, ctx context.Context, command string, args ...string) *exec.Cmd {
	t.Helper()
	if _, err := exec.LookPath(command); err != nil {
		t.Fatalf("%v: make tools installs it (Debian: apt-get install mosquitto-clients)", err)
	}
	return exec.CommandContext(ctx, command, args...)
}

func TestTheClientsOfMosquittoUnderstandEverything(t *testing.T) {
	s := serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	plain, secure := addressOf(t, s.MQTTAddr()), append(addressOf(t, s.MQTTSAddr()), "--cafile", s.caFile)
	for _, version := range []string{"mqttv31", "mqttv311", "mqttv5"} {
		for how, at := range map[string][]string{"tcp": plain, "tls": secure} {
			topic := "mosquitto/" + version + "/" + how
			args := append([]string{"-V", version, "-t", topic, "-q", "2"}, at...)
			publish := mosquitto(t, ctx, "mosquitto_pub", append(args, "-r", "-m", "hello")...)
			if out, err := publish.CombinedOutput(); err != nil {
				t.Fatalf("mosquitto_pub %v: %v %s", args, err, out)
			}
			subscribe := mosquitto(t, ctx, "mosquitto_sub", append(args, "-C", "1", "-F", "%t %q %r %p")...)
			if out, err := subscribe.Output(); err != nil || strings.TrimSpace(string(out)) != topic+" 2 1 hello" {
				t.Errorf("mosquitto_sub %v prints %q, %v", args, out, err)
			}
		}
	}
}

// addressOf returns an address as the flags of mosquitto's clients.
func addressOf(t *testing.T, addr net.Addr) []string {
	t.Helper()
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		t.Fatal(err)
	}
	return []string{"-h", host, "-p", port}
}

// pahoClient connects the client of Eclipse Paho for MQTT 5.
func pahoClient(t *testing.T, ctx context.Context, nc net.Conn, id string, got chan<- *paho.Publish) *paho.Client {
	t.Helper()
	c := paho.NewClient(paho.ClientConfig{
		ClientID:      id,
		Conn:          nc,
		PacketTimeout: patience,
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(r paho.PublishReceived) (bool, error) {
			got <- r.Packet
			return true, nil
		}},
	})
	ack, err := c.Connect(ctx, &paho.Connect{ClientID: id, CleanStart: true, KeepAlive: 30})
	if err != nil || ack.ReasonCode != 0 {
		t.Fatalf("CONNACK: %+v, %v", ack, err)
	}
	t.Cleanup(func() {
		if err := c.Disconnect(&paho.Disconnect{}); err != nil {
			t.Error(err)
		}
		<-c.Done()
	})
	return c
}

func TestThePahoClientForGoUnderstandsMQTT5(t *testing.T) {
	s := serve(t)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(s.caFile)
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("the authority can't be read: %v", err)
	}
	nc, err := tls.Dial("tcp", s.MQTTSAddr().String(), &tls.Config{RootCAs: roots, ServerName: "localhost", NextProtos: []string{"mqtt"}})
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan *paho.Publish, 10)
	c := pahoClient(t, ctx, nc, "paho", got)
	number := 7
	granted, err := c.Subscribe(ctx, &paho.Subscribe{
		Subscriptions: []paho.SubscribeOptions{{Topic: "paho/#", QoS: 2, RetainAsPublished: true}},
		Properties:    &paho.SubscribeProperties{SubscriptionIdentifier: &number},
	})
	if err != nil || granted.Reasons[0] != 2 {
		t.Fatalf("SUBACK: %+v, %v", granted, err)
	}
	expiry := uint32(60)
	sent := &paho.Publish{Topic: "paho/x", QoS: 2, Retain: true, Payload: []byte("hello"), Properties: &paho.PublishProperties{
		ContentType:     "text/plain",
		ResponseTopic:   "paho/answers",
		CorrelationData: []byte{0, 1, 2},
		MessageExpiry:   &expiry,
		User:            paho.UserProperties{{Key: "a", Value: "1"}, {Key: "a", Value: "2"}},
	}}
	if answer, err := c.Publish(ctx, sent); err != nil || answer.ReasonCode != 0 {
		t.Fatalf("PUBREC: %+v, %v", answer, err)
	}
	select {
	case p := <-got:
		props := p.Properties
		if string(p.Payload) != "hello" || p.QoS != 2 || !p.Retain || props.ContentType != "text/plain" || props.ResponseTopic != "paho/answers" ||
			!bytes.Equal(props.CorrelationData, []byte{0, 1, 2}) || len(props.User) != 2 || props.User[1].Value != "2" || *props.SubscriptionIdentifier != 7 || *props.MessageExpiry > 60 {
			t.Errorf("it came as %v with %+v", p, props)
		}
	case <-ctx.Done():
		t.Fatal("nothing comes")
	}
	if _, err := c.Publish(ctx, &paho.Publish{Topic: "~x", QoS: 1, Payload: []byte("x")}); err == nil || !strings.Contains(err.Error(), "not accepted") {
		t.Errorf("a topic that is no channel: %v", err)
	}
}
