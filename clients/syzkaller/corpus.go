// SPDX-License-Identifier: MIT
//
// Runs a fixed list of programs with syzkaller's executor, in a shuffled order, and writes the
// signal of each call: what kernels and modes are compared by. Or generates such programs.
//
// It is built inside a tree of syzkaller, see README.md.
package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/syzkaller/pkg/flatrpc"
	"github.com/google/syzkaller/pkg/fuzzer/queue"
	"github.com/google/syzkaller/pkg/rpcserver"
	"github.com/google/syzkaller/pkg/vminfo"
	"github.com/google/syzkaller/prog"
	_ "github.com/google/syzkaller/sys"
)

var (
	flagExecutor = flag.String("executor", "./syz-executor", "the executor to run")
	flagOut      = flag.String("out", "corpus.gz", "where the signal goes")
	flagSeed     = flag.Int64("seed", 1, "of the order, and of what is generated")
	flagRepeat   = flag.Int("repeat", 1, "run each program so many times in a row")
	flagComps    = flag.Bool("comps", false, "collect comparisons instead of signal")
	flagCover    = flag.Bool("cover", false, "collect coverage beside the signal")
	flagRestart  = flag.Bool("restart", false, "start a new fork server for each program, without network devices")
	flagDebug    = flag.Bool("debug", false, "show what the executor says")
	flagGenerate = flag.Int("generate", 0, "write so many random programs to the directory given, run nothing")
	flagCalls    = flag.String("calls", "calls", "what these consist of: a file with a call or a pattern in each line")
	flagLimit    = flag.Duration("limit", time.Hour, "stop after this time")
)

func die(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "syz-corpus: "+format+"\n", args...)
	os.Exit(1)
}

type program struct {
	name string
	p    *prog.Prog
}

// load reads files of one program each, or of many, which lines "## NAME" begin. What the target
// does not know is named and left out.
func load(target *prog.Target, files []string) (progs []program) {
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			die("%v", err)
		}
		texts := strings.Split("\n"+string(data), "\n## ")
		if len(texts) == 1 {
			texts = append(texts, filepath.Base(file)+texts[0])
		}
		for _, text := range texts[1:] {
			name, body, _ := strings.Cut(text, "\n")
			p, err := target.Deserialize([]byte(body), prog.NonStrict)
			if err != nil || len(p.Calls) == 0 {
				fmt.Fprintf(os.Stderr, "syz-corpus: %s is left out: %v\n", name, err)
				continue
			}
			progs = append(progs, program{name, p})
		}
	}
	return progs
}

// generate writes random programs of the calls in a list.
func generate(target *prog.Target, dir string) {
	data, err := os.ReadFile(*flagCalls)
	if err != nil {
		die("-calls: %v", err)
	}
	calls := make(map[*prog.Syscall]bool)
	for _, pattern := range strings.Fields(string(data)) {
		for _, c := range target.Syscalls {
			if ok, _ := path.Match(pattern, c.Name); ok && !c.Attrs.Disabled {
				calls[c] = true
			}
		}
	}
	enabled, _ := target.TransitivelyEnabledCalls(calls)
	ct := target.BuildChoiceTable(nil, enabled)
	for i := 0; i < *flagGenerate; i++ {
		p := target.Generate(rand.NewSource(*flagSeed+int64(i)), 10, ct)
		file := filepath.Join(dir, fmt.Sprintf("gen_%03d", i))
		if err := os.WriteFile(file, p.Serialize(), 0644); err != nil {
			die("%v", err)
		}
	}
}

// run is the source of requests: one at a time, so that no program sees another one's coverage.
type run struct {
	mu    sync.Mutex
	progs []program
	next  int
	busy  bool
	out   *bufio.Writer
	start time.Time
	stop  func()
}

func (r *run) Next() *queue.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy || r.next == len(r.progs)**flagRepeat {
		return nil
	}
	r.busy = true
	req := &queue.Request{Prog: r.progs[r.next / *flagRepeat].p}
	req.ExecOpts.ExecFlags = flatrpc.ExecFlagThreaded | flatrpc.ExecFlagDedupCover
	if *flagComps {
		req.ExecOpts.ExecFlags |= flatrpc.ExecFlagCollectComps
	} else {
		req.ExecOpts.ExecFlags |= flatrpc.ExecFlagCollectSignal
		if *flagCover {
			req.ExecOpts.ExecFlags |= flatrpc.ExecFlagCollectCover
		}
		for i := range req.Prog.Calls {
			req.ReturnAllSignal = append(req.ReturnAllSignal, i)
		}
		req.ReturnAllSignal = append(req.ReturnAllSignal, -1)
	}
	r.start = time.Now()
	// Another environment makes the executor start anew.
	if *flagRestart && r.next%2 == 1 {
		req.ExecOpts.EnvFlags = flatrpc.ExecEnvEnableCloseFds
	}
	req.OnDone(r.done)
	return req
}

// line writes: program, round, call, its name, errno, flags, microseconds of the program, the
// signal or comparisons, and the PCs.
func (r *run) line(name, call string, i, round int, info *flatrpc.CallInfo, us int64) {
	if info == nil {
		return
	}
	flags := ""
	if info.Flags&flatrpc.CallFlagExecuted != 0 {
		flags += "e"
	}
	if info.Flags&flatrpc.CallFlagFinished != 0 {
		flags += "f"
	}
	if info.Flags&flatrpc.CallFlagCoverageOverflow != 0 {
		flags += "o"
	}
	var items []string
	for _, s := range info.Signal {
		items = append(items, fmt.Sprintf("%x", s))
	}
	for _, c := range info.Comps {
		items = append(items, fmt.Sprintf("%x:%x:%x", c.Pc, c.Op1, c.Op2))
	}
	slices.Sort(items)
	var pcs []string
	for _, pc := range info.Cover {
		pcs = append(pcs, fmt.Sprintf("%x", pc))
	}
	fmt.Fprintf(r.out, "%s\t%d\t%d\t%s\t%d\t%s\t%d\t%s\t%s\n", name, round, i, call, info.Error,
		flags, us, strings.Join(slices.Compact(items), " "), strings.Join(pcs, " "))
}

func (r *run) done(req *queue.Request, res *queue.Result) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	us := time.Since(r.start).Microseconds()
	name, round := r.progs[r.next / *flagRepeat].name, r.next%*flagRepeat
	if res.Info == nil {
		fmt.Fprintf(r.out, "%s\t%d\t-\t%s\n", name, round, res.Status)
	} else {
		for i, info := range res.Info.Calls {
			r.line(name, req.Prog.Calls[i].Meta.Name, i, round, info, us)
		}
		r.line(name, "extra", -1, round, res.Info.Extra, us)
	}
	r.next++
	r.busy = false
	if r.next == len(r.progs)**flagRepeat {
		r.stop()
	}
	return true
}

func main() {
	flag.Parse()
	target, err := prog.GetTarget("linux", "amd64")
	if err != nil {
		die("%v", err)
	}
	if flag.NArg() == 0 {
		die("usage: syz-corpus [FLAG...] PROGRAM... or syz-corpus -generate N DIR")
	}
	if *flagGenerate != 0 {
		generate(target, flag.Arg(0))
		return
	}
	progs := load(target, flag.Args())
	if len(progs) == 0 {
		die("none of these can be run")
	}
	rand.New(rand.NewSource(*flagSeed)).Shuffle(len(progs), func(i, j int) {
		progs[i], progs[j] = progs[j], progs[i]
	})
	file, err := os.Create(*flagOut)
	if err != nil {
		die("%v", err)
	}
	zip := gzip.NewWriter(file)
	ctx, stop := context.WithTimeout(context.Background(), *flagLimit)
	r := &run{progs: progs, out: bufio.NewWriter(zip), stop: stop}
	env := flatrpc.ExecEnvSignal | flatrpc.ExecEnvSandboxNone | flatrpc.ExecEnvExtraCover |
		flatrpc.ExecEnvDelayKcovMmap
	if !*flagRestart {
		env |= flatrpc.ExecEnvEnableTun | flatrpc.ExecEnvEnableNetDev | flatrpc.ExecEnvEnableCloseFds
	}
	if *flagDebug {
		env |= flatrpc.ExecEnvDebug
	}
	cfg := &rpcserver.LocalConfig{
		Config: rpcserver.Config{
			Config: vminfo.Config{
				Target: target,
				Features: flatrpc.FeatureCoverage | flatrpc.FeatureComparisons | flatrpc.FeatureExtraCoverage |
					flatrpc.FeatureDelayKcovMmap | flatrpc.FeatureSandboxNone |
					flatrpc.FeatureNetInjection | flatrpc.FeatureNetDevices,
				Debug:   *flagDebug,
				Cover:   true,
				Sandbox: flatrpc.ExecEnvSandboxNone,
			},
			VMArch:   target.Arch,
			Procs:    1,
			Slowdown: 10,
		},
		Executor:     *flagExecutor,
		OutputWriter: os.Stderr,
		MachineChecked: func(flatrpc.Feature, map[*prog.Syscall]bool) queue.Source {
			return queue.DefaultOpts(r, flatrpc.ExecOpts{EnvFlags: env})
		},
	}
	begin := time.Now()
	err = rpcserver.RunLocal(ctx, cfg)
	r.out.Flush()
	zip.Close()
	file.Close()
	fmt.Printf("%d of %d programs in %.1f s\n", r.next, len(progs)**flagRepeat, time.Since(begin).Seconds())
	if err != nil || r.next != len(progs)**flagRepeat {
		die("not all were run: %v", err)
	}
}
