package engine

import (
	"io/fs"
	"strings"
	"testing"
)

func TestMissingPermissionsAreToldWithWhatToDo(t *testing.T) {
	if err := dirError("/data", fs.ErrPermission); !strings.Contains(err.Error(), "give this user the right") {
		t.Errorf("missing permissions are told as %v", err)
	}
}
