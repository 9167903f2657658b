//go:build linux && amd64

package storm

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// clock is the wall clock of another process, which can be made to jump. A process reads its clock in code that the kernel
// puts into its memory (vdso(7)). Before the process runs, that code is replaced, in this process alone, by one that asks
// the kernel and adds a number of seconds; the clock jumps when the number is changed. Its monotonic clock stays as it is,
// as with a machine whose time is set.
type clock struct {
	pid     int
	seconds int64 // address of the number
}

// noClocks says why clocks can't be made to jump here; it is empty if they can.
const noClocks = ""

// clockCode is clock_gettime(2) with a number of seconds added to CLOCK_REALTIME.
var clockCode = []byte{
	0xb8, 0xe4, 0, 0, 0, // mov eax, SYS_clock_gettime
	0x0f, 0x05, // syscall
	0x85, 0xff, // test edi, edi; CLOCK_REALTIME is 0
	0x75, 0x0a, // jne to ret
	0x48, 0x8b, 0x0d, 0, 0, 0, 0, // mov rcx, [the number], as far from here as is written below
	0x48, 0x01, 0x0e, // add [rsi], rcx
	0xc3, // ret
}

const (
	clockFrom = 18 // where the instruction ends that reads the number
	clockAt   = clockFrom - 4
	clockRoom = 40 // code, alignment and number
)

// startWithClock starts a program that has not run yet, with a clock. The thread has to be locked.
func startWithClock(cmd *exec.Cmd) (*clock, error) {
	cmd.SysProcAttr.Ptrace = true
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	pid := cmd.Process.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
		return nil, err
	}
	c, err := replaceClock(pid)
	return c, errors.Join(err, syscall.PtraceDetach(pid))
}

func replaceClock(pid int) (*clock, error) {
	from, to, err := vdsoOf(pid)
	if err != nil {
		return nil, err
	}
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer memory.Close()
	image := make([]byte, to-from)
	if _, err := memory.ReadAt(image, from); err != nil {
		return nil, err
	}
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return nil, err
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return nil, err
	}
	for _, s := range symbols {
		if s.Name != "__vdso_clock_gettime" {
			continue
		}
		if s.Size < clockRoom {
			return nil, fmt.Errorf("there is no room in the vDSO: %d bytes", s.Size)
		}
		at := from + int64(s.Value)
		number := (at + int64(len(clockCode)) + 7) &^ 7
		code := bytes.Clone(clockCode)
		binary.LittleEndian.PutUint32(code[clockAt:], uint32(number-at-clockFrom))
		code = append(code, make([]byte, number+8-at-int64(len(code)))...)
		_, err := memory.WriteAt(code, at)
		return &clock{pid, number}, err
	}
	return nil, errors.New("the vDSO has no clock_gettime")
}

// vdsoOf returns where the code is that the kernel has put into the memory of a process.
func vdsoOf(pid int) (from, to int64, err error) {
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(maps)) {
		if strings.HasSuffix(line, "[vdso]\n") {
			_, err := fmt.Sscanf(line, "%x-%x", &from, &to)
			return from, to, err
		}
	}
	return 0, 0, errors.New("the process has no vDSO")
}

// set makes the clock that much later than the machine's.
func (c *clock) set(ahead time.Duration) error {
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", c.pid), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer memory.Close()
	_, err = memory.WriteAt(binary.LittleEndian.AppendUint64(nil, uint64(int64(ahead/time.Second))), c.seconds)
	return err
}

// tellTime is the role of a process that writes its time for each line that it reads.
func tellTime() error {
	began := time.Now()
	for {
		var line string
		if _, err := fmt.Scanln(&line); err != nil {
			return nil
		}
		now := time.Now()
		fmt.Println(now.Unix(), int64(now.Sub(began)/time.Second))
	}
}

func TestTheClockOfAnotherProcessJumpsAndItsMonotonicClockDoesNot(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"=time")
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c, err := startWithClock(cmd)
	if err != nil {
		t.Fatal(err)
	}
	told := func() (ahead, since int64) {
		t.Helper()
		if _, err := fmt.Fprintln(in, "now"); err != nil {
			t.Fatal(err)
		}
		var unix int64
		if _, err := fmt.Fscanln(out, &unix, &since); err != nil {
			t.Fatal(err)
		}
		return unix - time.Now().Unix(), since
	}
	for _, ahead := range []int64{0, 10_000, -10_000, 0} {
		if err := c.set(time.Duration(ahead) * time.Second); err != nil {
			t.Fatal(err)
		}
		if got, since := told(); got < ahead-100 || got > ahead+100 || since > 100 {
			t.Errorf("it is ahead by %d s, and has run for %d s; want %d s", got, since, ahead)
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
