package protocol

// Publish sends a message to a channel.
type Publish struct {
	Channel string
	Payload
	ID  string // the publication's own, unique in the channel, so that a repeat is stored once; "" for none
	Key string // what it is about, for delivery latest; "" for none
}

// PublishOK says where a message is stored.
type PublishOK struct {
	Offset    uint64 // 0: the channel has no history; the message has been given to whoever is there
	Epoch     string // of Offset
	Duplicate bool   // a publication with the same ID had been stored before, at Offset; this one was not
}

func (*Publish) verb() string { return "publish" }

func (p *Publish) write(w *encoder) {
	at := w.object()
	w.text("channel", p.Channel)
	w.payload(&p.Payload)
	w.optText("id", p.ID)
	w.optText("key", p.Key)
	w.endObject(at)
}

func (p *Publish) read(d *decoder) {
	var payload payloadReader
	d.fields("publish", func(name string) {
		switch name {
		case "channel":
			p.Channel = d.channel(name)
		case "id":
			p.ID = d.text(name, 1, MaxIDBytes)
		case "key":
			p.Key = d.text(name, 0, MaxIDBytes)
		default:
			payload.field(d, name)
		}
	}, "channel", "data")
	p.Payload = payload.result(d, "publish")
}

func (*PublishOK) result() {}

func (p *PublishOK) write(w *encoder) {
	at := w.object()
	w.optWhole("offset", p.Offset)
	w.optText("epoch", p.Epoch)
	w.optFlag("duplicate", p.Duplicate)
	w.endObject(at)
}

func (p *PublishOK) read(d *decoder) {
	d.fields("ok", func(name string) {
		switch name {
		case "offset":
			p.Offset = d.whole(name, 0, MaxWhole)
		case "epoch":
			p.Epoch = d.text(name, 1, MaxEpochBytes)
		case "duplicate":
			p.Duplicate = d.flag(name)
		default:
			d.unknown(name)
		}
	})
}
