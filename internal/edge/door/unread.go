package door

import (
	"io"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/internal/session"
)

// What is thrown away of a body that has been refused, and for how long.
const (
	maxUnread    = 1 << 20 // bytes
	unreadPeriod = time.Second
)

// RefuseUnread is Refuse for a request whose body has not been read. Some of it is thrown away behind the answer: if the
// connection were closed with unread bytes, its reset could overtake the answer.
func (d *Door) RefuseUnread(w http.ResponseWriter, r *http.Request, c *session.Client, err error) {
	control := http.NewResponseController(w)
	if r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
		control.EnableFullDuplex() // every HTTP/1 connection can; else the body would be awaited
	}
	d.Refuse(w, r, c, err)
	if control.Flush() == nil && control.SetReadDeadline(time.Now().Add(unreadPeriod)) == nil {
		io.CopyN(io.Discard, r.Body, maxUnread) // how it ends does not matter
	}
}
