package bench

// The table of workloads. The goroutine side of each was written first; the
// weft side is the same text with the imports changed, so far as Go allows.
var workloads = []workload{
	{
		name: "spawn", unit: "task", doc: "spawn, run and join empty tasks, 100 at a time",
		procs: []int{1, 2}, rounds: 7, ops: 300_000, quick: 2_000,
		weft: weftSpawn, go_: goSpawn,
	},
	{
		name: "forkjoin", unit: "fib(25)", doc: "fib(25), a spawn a call",
		procs: []int{2}, rounds: 7, ops: 3, quick: 1,
		weft: weftForkJoin, go_: goForkJoin,
	},
	{
		name: "chan", unit: "round trip", doc: "unbuffered channel, there and back",
		procs: []int{1, 2}, rounds: 7, ops: 300_000, quick: 2_000,
		weft: weftChan, go_: goChan,
	},
	{
		name: "mutex", unit: "hand-off", doc: "4 contenders that yield while they hold it, so that the others park",
		procs: []int{1, 2}, rounds: 7, ops: 200_000, quick: 2_000,
		weft: weftMutex, go_: goMutex,
	},
	{
		name: "yield", unit: "yield", doc: "64 in turn",
		procs: []int{1, 2}, rounds: 7, ops: 500_000, quick: 2_000,
		weft: weftYield, go_: goYield,
	},
	{
		name: "skynet", unit: "tree", doc: "1,000,000 leaves, 10 children a node, results over channels",
		procs: []int{2}, rounds: 3, ops: 1, quick: 1,
		weft: weftSkynet, go_: goSkynet,
	},
	{
		name: "parked", unit: "coroutine", doc: "1,000,000 parked, then woken and joined; bytes each while parked",
		procs: []int{2}, rounds: 3, ops: 1_000_000, quick: 1_000,
		run: measureParked,
	},
	{
		name: "http", unit: "request", doc: "user CPU a request, fasthttp on wnet and on net, 200 connections",
		procs: []int{2}, rounds: 24, ops: 30_000, quick: 1_000, conns: someConns,
		run: measureHTTP,
	},
	{
		name: "serve", unit: "request", doc: "the same with the smallest handler, weft's per message",
		procs: []int{2}, rounds: 24, ops: 30_000, quick: 1_000, conns: someConns,
		run: measureHTTP,
	},
	{
		name: "serve1k", unit: "request", doc: "the same on 1,000 connections",
		procs: []int{2}, rounds: 24, ops: 30_000, quick: 1_000, conns: manyConns,
		run: measureHTTP,
	},
	{
		name: "idle", unit: "connection", doc: "bytes of 9,000 keep-alive connections between requests, per message and on net",
		procs: []int{2}, rounds: 1, ops: 9_000, quick: 50,
		run: measureIdle,
	},
	{
		name: "idletls", unit: "connection", doc: "the same of 1,000 over TLS",
		procs: []int{2}, rounds: 1, ops: 1_000, quick: 20,
		run: measureIdle,
	},
}

const (
	spawnBatch   = 100
	fibN         = 25
	contenders   = 4
	yielders     = 64
	skynetLeaves = 1_000_000
	skynetFan    = 10
)

// calls is the state of one fib call: what it computes from and its halves.
// One struct, so that two closures share one allocation.
type calls struct{ n, a, b int }
