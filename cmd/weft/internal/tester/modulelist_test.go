package tester

// moduleSuites are the suites of docs/modules.md.
var moduleSuites = []moduleSuite{
	{path: "golang.org/x/sync", version: "v0.24.0"},
	{path: "golang.org/x/time", version: "v0.16.0"},
	{path: "go.uber.org/atomic", version: "v1.12.0"},
	{path: "go.uber.org/goleak", version: "v1.3.0"},
	{path: "github.com/sourcegraph/conc", version: "v0.3.0"},
	{path: "github.com/eapache/channels", version: "v1.1.0"},
	{path: "github.com/cenkalti/backoff/v5", version: "v5.0.3"},
	{path: "github.com/patrickmn/go-cache", version: "v2.1.0+incompatible"},
	{path: "github.com/jackc/puddle/v2", version: "v2.2.3"},
	{path: "github.com/cskr/pubsub", version: "v1.0.2"},
	{path: "github.com/hashicorp/golang-lru/v2", version: "v2.0.7"},
	{path: "github.com/alitto/pond/v2", version: "v2.7.1"},
}
