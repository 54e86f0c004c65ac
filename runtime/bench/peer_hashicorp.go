package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"sync"

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// pluginWork is the variable that makes this program the plugin process: what
// the guest is to do.
const pluginWork = "ARIL_BENCH_PLUGIN_WORK"

// hostService is the number under which the plugin dials back.
const hostService = 1

var handshake = plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "ARIL_BENCH", MagicCookieValue: "peer"}

// hashicorp is a plugin in a process of its own.
func hashicorp() *peer {
	return &peer{
		name: "hashicorp",
		how: "hashicorp/go-plugin: a process, gRPC both ways as in its bidirectional example, one connection each way kept open (the example dials for each call, which is slower). " +
			"The input goes along to `next`, since a call cannot be told apart otherwise; for `pass` nothing goes. `isolated` is a new process. CPU is the host's alone.",
		open: func(_ context.Context, w *workload, _ int, next operation) (operation, func() error, error) {
			start := func() (instance, error) { return startPlugin(w, next) }
			return pooled(1, w.isolated, start)
		},
	}
}

// servePlugin is main of the plugin process.
func servePlugin(w work) {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         plugin.PluginSet{"extension": &extensionPlugin{work: w}},
		GRPCServer:      plugin.DefaultGRPCServer,
		Logger:          hclog.NewNullLogger(),
	})
}

type pluginInstance struct {
	process *plugin.Client
	remote  *extensionClient
	w       *workload
}

func startPlugin(w *workload, next operation) (instance, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), pluginWork+"="+string(w.work))
	process := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  handshake,
		Plugins:          plugin.PluginSet{"extension": &extensionPlugin{next: next}},
		Cmd:              cmd,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
		SyncStderr:       io.Discard,
	})
	rpc, err := process.Client()
	if err != nil {
		process.Kill()
		return nil, err
	}
	raw, err := rpc.Dispense("extension")
	if err != nil {
		process.Kill()
		return nil, err
	}
	return &pluginInstance{process, raw.(*extensionClient), w}, nil
}

func (i *pluginInstance) run(ctx context.Context, in []byte) ([]byte, error) {
	if i.w.work == pass {
		_, err := i.remote.invoke(ctx, wrapMethod, nil)
		return in, err
	}
	return i.remote.invoke(ctx, wrapMethod, in)
}

func (i *pluginInstance) close() error {
	i.process.Kill()
	return nil
}

// extensionPlugin is both ends of the plugin: work in its process, next in the
// host's.
type extensionPlugin struct {
	plugin.NetRPCUnsupportedPlugin
	work work
	next operation
}

// GRPCServer runs in the plugin process.
func (p *extensionPlugin) GRPCServer(broker *plugin.GRPCBroker, s *grpc.Server) error {
	host := sync.OnceValues(func() (*grpc.ClientConn, error) { return broker.Dial(hostService) })
	s.RegisterService(service(wrapMethod), operation(func(ctx context.Context, in []byte) ([]byte, error) {
		conn, err := host()
		if err != nil {
			return nil, err
		}
		out, err := (&extensionClient{conn}).invoke(ctx, nextMethod, in)
		if err == nil && p.work != pass {
			p.work.apply(out)
		}
		return out, err
	}))
	return nil
}

// GRPCClient runs in the host.
func (p *extensionPlugin) GRPCClient(_ context.Context, broker *plugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	go broker.AcceptAndServe(hostService, func(options []grpc.ServerOption) *grpc.Server {
		s := grpc.NewServer(options...)
		s.RegisterService(service(nextMethod), p.next)
		return s
	})
	return &extensionClient{conn}, nil
}

// What protoc would generate for a service of one method.
const (
	serviceName = "bench.Extension"
	wrapMethod  = "Wrap"
	nextMethod  = "Next"
)

type extensionClient struct{ conn *grpc.ClientConn }

func (c *extensionClient) invoke(ctx context.Context, method string, in []byte) ([]byte, error) {
	var out wrapperspb.BytesValue
	err := c.conn.Invoke(ctx, "/"+serviceName+"/"+method, &wrapperspb.BytesValue{Value: in}, &out)
	return out.GetValue(), err
}

func service(method string) *grpc.ServiceDesc {
	handle := func(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var in wrapperspb.BytesValue
		if err := decode(&in); err != nil {
			return nil, err
		}
		out, err := srv.(operation)(ctx, in.GetValue())
		return &wrapperspb.BytesValue{Value: out}, err
	}
	return &grpc.ServiceDesc{ServiceName: serviceName, HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{MethodName: method, Handler: handle}}}
}
