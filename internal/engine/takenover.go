package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// takenOverName is the note in the directory of a node that was alone, whose streams are in a cluster now.
const takenOverName = "holdfast.taken-over"

// NeedsTakingOver tells whether a directory has streams of a node alone that are not in a cluster yet.
func NeedsTakingOver(dir string) (bool, error) {
	if taken, err := takenOver(dir); taken != "" || err != nil {
		return false, err
	}
	streams, err := os.ReadDir(streamsDir(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, dirError(dir, err)
	}
	for _, s := range streams {
		if !strings.HasPrefix(s.Name(), ".") {
			return true, nil
		}
	}
	return false, nil
}

// NoteTakenOver notes that what a directory has is kept elsewhere now.
func NoteTakenOver(dir, to string) error {
	path := filepath.Join(dir, takenOverName)
	err := os.WriteFile(path, []byte(to+"\n"), fileMode)
	if err == nil {
		err = syncFile(path)
	}
	if err != nil {
		return dirError(dir, err)
	}
	return nil
}

// takenOver returns where what a directory has is kept now; "" if it is kept there.
func takenOver(dir string) (string, error) {
	note, err := os.ReadFile(filepath.Join(dir, takenOverName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", dirError(dir, err)
	}
	return strings.TrimSpace(string(note)), nil
}

// checkTakenOver refuses a directory whose streams go on in a cluster: here, offsets would be given to other messages.
func checkTakenOver(dir string) error {
	to, err := takenOver(dir)
	if err != nil || to == "" {
		return err
	}
	return fmt.Errorf("the log in %s was taken into a cluster, which keeps it in %s, and what was published since is only there; "+
		"set cluster.peers as before, or move %s away to begin with an empty log", dir, to, dir)
}
