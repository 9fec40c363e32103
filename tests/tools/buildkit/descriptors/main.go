// Command descriptors prints what the pinned BuildKit module really speaks.
//
// The answer comes from the descriptors that the generated Go packages register
// when they are linked in, so it cannot drift from the daemon that the lab
// builds out of the same module. The output is JSON with sorted keys; a test of
// kiln compares its own .proto files with it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"sort"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/containerd/containerd/api/services/content/v1"
	_ "github.com/moby/buildkit/api/services/control"
	_ "github.com/moby/buildkit/api/types"
	_ "github.com/moby/buildkit/frontend/gateway/pb"
	_ "github.com/moby/buildkit/session/auth"
	_ "github.com/moby/buildkit/session/exporter"
	_ "github.com/moby/buildkit/session/filesync"
	_ "github.com/moby/buildkit/session/secrets"
	_ "github.com/moby/buildkit/session/sshforward"
	_ "github.com/moby/buildkit/session/upload"
	_ "github.com/moby/buildkit/solver/errdefs"
	_ "github.com/moby/buildkit/solver/pb"
	_ "github.com/moby/buildkit/sourcepolicy/pb"
	_ "github.com/moby/buildkit/sourcepolicy/policysession"
	_ "github.com/moby/buildkit/util/apicaps/pb"
	_ "github.com/moby/buildkit/util/stack"
	_ "github.com/tonistiigi/fsutil/types"
	_ "google.golang.org/genproto/googleapis/rpc/status"
	_ "google.golang.org/grpc/health/grpc_health_v1"
)

const buildkitModule = "github.com/moby/buildkit"

// packages lists the proto packages worth printing; whatever else the Go
// packages drag in (tracing, container runtimes) is not part of the protocol.
var packages = map[protoreflect.FullName]bool{
	"containerd.services.content.v1": true,
	"errdefs":                        true,
	"fsutil.types":                   true,
	"google.rpc":                     true,
	"grpc.health.v1":                 true,
	"moby.buildkit.secrets.v1":       true,
	"moby.buildkit.v1":               true,
	"moby.buildkit.v1.apicaps":       true,
	"moby.buildkit.v1.frontend":      true,
	"moby.buildkit.v1.sourcepolicy":  true,
	"moby.buildkit.v1.types":         true,
	"moby.exporter.v1":               true,
	"moby.filesync.v1":               true,
	"moby.sshforward.v1":             true,
	"moby.upload.v1":                 true,
	"pb":                             true,
	"stack":                          true,
	"moby.buildkit.v1.sourcepolicy.policysession": true,
}

type field struct {
	Name   string `json:"name"`
	Number int32  `json:"number"`
	// Label is "singular", "optional" (explicit presence), "repeated" or "map".
	Label string `json:"label"`
	// Kind is the proto type; for a map that of its values, with the key's beside it.
	Kind    string `json:"kind"`
	MapKey  string `json:"map_key,omitempty"`
	Message string `json:"message,omitempty"`
	Enum    string `json:"enum,omitempty"`
	Oneof   string `json:"oneof,omitempty"`
}

type rpc struct {
	Request         string `json:"request"`
	Response        string `json:"response"`
	ClientStreaming bool   `json:"client_streaming"`
	ServerStreaming bool   `json:"server_streaming"`
}

type report struct {
	BuildKit string                      `json:"buildkit"`
	Packages []string                    `json:"packages"`
	Messages map[string][]field          `json:"messages"`
	Enums    map[string]map[string]int32 `json:"enums"`
	RPCs     map[string]rpc              `json:"rpcs"`
}

func main() {
	out := collect()
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(out); err != nil {
		fmt.Fprintln(os.Stderr, "descriptors:", err)
		os.Exit(1)
	}
	if err := complete(out); err != nil {
		fmt.Fprintln(os.Stderr, "descriptors:", err)
		os.Exit(1)
	}
}

func collect() *report {
	out := &report{
		BuildKit: buildkitVersion(),
		Messages: map[string][]field{},
		Enums:    map[string]map[string]int32{},
		RPCs:     map[string]rpc{},
	}
	seen := map[string]bool{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if packages[file.Package()] {
			seen[string(file.Package())] = true
			out.addMessages(file.Messages())
			out.addEnums(file.Enums())
			out.addServices(file.Services())
		}
		return true
	})
	for name := range seen {
		out.Packages = append(out.Packages, name)
	}
	sort.Strings(out.Packages)
	return out
}

// complete fails when a package named above was not linked in: a silently
// shorter report would let the comparing test pass for the wrong reason.
func complete(out *report) error {
	found := map[string]bool{}
	for _, name := range out.Packages {
		found[name] = true
	}
	for name := range packages {
		if !found[string(name)] {
			return fmt.Errorf("no descriptors of proto package %q in this build", name)
		}
	}
	return nil
}

func (r *report) addMessages(messages protoreflect.MessageDescriptors) {
	for i := range messages.Len() {
		message := messages.Get(i)
		if message.IsMapEntry() {
			continue // an artefact of the encoding, told by the map field itself
		}
		fields := []field{}
		for j := range message.Fields().Len() {
			fields = append(fields, describe(message.Fields().Get(j)))
		}
		sort.Slice(fields, func(a, b int) bool { return fields[a].Number < fields[b].Number })
		r.Messages[string(message.FullName())] = fields
		r.addMessages(message.Messages())
		r.addEnums(message.Enums())
	}
}

func (r *report) addEnums(enums protoreflect.EnumDescriptors) {
	for i := range enums.Len() {
		enum := enums.Get(i)
		values := map[string]int32{}
		for j := range enum.Values().Len() {
			value := enum.Values().Get(j)
			values[string(value.Name())] = int32(value.Number())
		}
		r.Enums[string(enum.FullName())] = values
	}
}

func (r *report) addServices(services protoreflect.ServiceDescriptors) {
	for i := range services.Len() {
		service := services.Get(i)
		for j := range service.Methods().Len() {
			method := service.Methods().Get(j)
			path := fmt.Sprintf("/%s/%s", service.FullName(), method.Name())
			r.RPCs[path] = rpc{
				Request:         string(method.Input().FullName()),
				Response:        string(method.Output().FullName()),
				ClientStreaming: method.IsStreamingClient(),
				ServerStreaming: method.IsStreamingServer(),
			}
		}
	}
}

func describe(descriptor protoreflect.FieldDescriptor) field {
	out := field{
		Name:   string(descriptor.Name()),
		Number: int32(descriptor.Number()),
		Label:  label(descriptor),
	}
	value := descriptor
	if descriptor.IsMap() {
		out.MapKey = descriptor.MapKey().Kind().String()
		value = descriptor.MapValue()
	}
	out.Kind = value.Kind().String()
	if value.Message() != nil {
		out.Message = string(value.Message().FullName())
	}
	if value.Enum() != nil {
		out.Enum = string(value.Enum().FullName())
	}
	if oneof := descriptor.ContainingOneof(); oneof != nil && !oneof.IsSynthetic() {
		out.Oneof = string(oneof.Name())
	}
	return out
}

func label(descriptor protoreflect.FieldDescriptor) string {
	switch {
	case descriptor.IsMap():
		return "map"
	case descriptor.IsList():
		return "repeated"
	case descriptor.HasOptionalKeyword():
		return "optional"
	default:
		return "singular"
	}
}

func buildkitVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, module := range info.Deps {
		if module.Path == buildkitModule {
			return module.Version
		}
	}
	return ""
}
