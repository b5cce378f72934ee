package tester

// moduleSuites are the suites of docs/modules.md, with what their reports come from.
var moduleSuites = []moduleSuite{
	{path: "golang.org/x/sync", version: "v0.24.0", why: map[string]string{
		"TestConcurrentRange": "No livelock, but longer than -steps allows by default (10,000,000 points): " +
			"each atomic operation is a point, and the test makes millions.",
	}},
	{path: "golang.org/x/time", version: "v0.16.0"},
	{path: "go.uber.org/atomic", version: "v1.12.0"},
	{path: "github.com/patrickmn/go-cache", version: "v2.1.0+incompatible"},
	{path: "github.com/hashicorp/golang-lru/v2", version: "v2.0.7"},
	{path: "github.com/cenkalti/backoff/v5", version: "v5.0.3", why: map[string]string{
		"TestTicker": "A leak in the test: it leaves the loop over the ticker's channel and never stops the ticker, " +
			"whose goroutine waits on.",
		"ExampleRetry": "Can't be run: it asks a server elsewhere, and the network in memory has only this host.",
	}},
	{path: "github.com/sourcegraph/conc", version: "v0.3.0", why: map[string]string{
		"ExampleCatcher_callers": "Can't be run: it prints its callers, those in package testing too, " +
			"and weft test calls it from elsewhere.",
		"*": "Leaks in the tests: \"panics on configuration after init\" starts a task and never calls Wait, " +
			"so the pool's worker waits on.",
	}},
	{path: "github.com/eapache/channels", version: "v1.1.0", why: map[string]string{
		"TestDeadChannel": "It tests that a dead channel blocks for ever.",
		"*": "Leaks in the tests: each makes a channel, some for Len and Cap only, that it does not close. " +
			"Its goroutine waits on.",
	}},
	{path: "github.com/cskr/pubsub", version: "v1.0.2", why: map[string]string{
		"TestTryPub": "A test that depends on the schedule: another goroutine carries both TryPubs out, the second one perhaps only " +
			"when the first message has been received; then it is delivered, too, which the test takes for an error.",
		"TestShutdown": "A test that depends on time: it counts goroutines 1 ms after Shutdown, when the one that ends " +
			"may not have ended. It fails natively, too, now and then.",
		"Example": "An example that depends on the schedule: it prints what comes until another goroutine, beside one that publishes " +
			"without end, has unsubscribed.",
	}},
	{path: "github.com/jackc/puddle/v2", version: "v2.2.3", why: map[string]string{
		"ExamplePool": "It never closes its listener: in the same process, the next schedule finds the address in use.",
		"*": "Can't be run in virtual time, which stands still while something can run: " +
			"goroutines that never rest work on until a timer fires.",
	}},
	{path: "go.uber.org/goleak", version: "v1.3.0", why: map[string]string{
		"TestOptionsIgnoreAnyFunction": "A test that depends on the schedule: it expects every other goroutine to be blocked, " +
			"and the parent of the test may be about to.",
	}},
	{path: "github.com/alitto/pond/v2", version: "v2.7.1", why: map[string]string{
		"TestTaskGroupWaitShouldNotDeadlockWhenPoolContextCanceledWithQueuedTasks": "A test that depends on the schedule: " +
			"it expects no worker to be running as soon as Wait has returned; the worker ends a little later.",
		"TestPoolWithQueueSizeZero": "A test that depends on the schedule: a task's Wait returns before the pool " +
			"has counted the task as completed.",
		"TestResultPoolSubmitContextCanceled": "A test that depends on the schedule: the second task cancels the context, " +
			"perhaps before the third one is submitted; then that is not counted.",
	}},
}
