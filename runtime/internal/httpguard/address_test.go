package httpguard

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAddressesAreForWhomTheRegistriesSay(t *testing.T) {
	t.Parallel()
	for want, addrs := range map[reach]string{
		public: `1.1.1.1 8.8.8.8 93.184.216.34 172.15.255.255 172.32.0.0 100.63.255.255 100.128.0.0 169.253.0.1 11.0.0.0 198.17.255.255 223.255.255.255
			2606:4700::1111 2a00:1450::1 ::ffff:1.1.1.1 64:ff9b::101:101 2002:101:101::1 2606:4700::5efe:101:101`,
		private: `10.0.0.0 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 127.0.0.1 127.255.255.255 100.64.0.1 100.127.255.255
			::1 fc00::1 fdff::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1 2002:7f00:1::1 2002:c0a8:1::1 2606:4700::5efe:a00:1 2606:4700::200:5efe:7f00:1`,
		never: `0.0.0.0 0.1.2.3 169.254.169.254 169.254.0.1 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
			100.100.100.200 168.63.129.16 fd00:ec2::254 fd20:ce::254
			:: ::2 ::7f00:1 fe80::1 fec0::1 ff02::1 100::1 2001::1 2001:db8::1 3fff::1 5f00::1 64:ff9b:1::a00:1 ::ffff:0:7f00:1
			::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::1 2606:4700::5efe:a9fe:a9fe 2606:4700::1%eth0 4000::1`,
	} {
		for _, a := range strings.Fields(addrs) {
			require.Equal(t, want, reachOf(netip.MustParseAddr(a)), a)
		}
	}
	require.Equal(t, never, reachOf(netip.Addr{}))
}

func TestAPermitAllowsTheAddressesThatWereGranted(t *testing.T) {
	t.Parallel()
	metadata, loopback, other := netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")
	require.False(t, permit{}.allows(loopback))
	require.True(t, permit{allowPrivate: true}.allows(loopback))
	require.False(t, permit{allowPrivate: true}.allows(metadata))
	require.True(t, permit{addr: metadata}.allows(metadata))
	require.True(t, permit{addr: loopback}.allows(loopback))
	require.False(t, permit{addr: loopback}.allows(other))
}

// FuzzReach holds what is called public to what net/netip knows of addresses.
func FuzzReach(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1})
	f.Add(netip.MustParseAddr("64:ff9b::7f00:1").AsSlice())
	f.Add(netip.MustParseAddr("::ffff:10.0.0.1").AsSlice())
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok || reachOf(a) != public {
			return
		}
		a = a.Unmap()
		require.True(t, a.IsGlobalUnicast(), a)
		require.False(t, a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified(), a)
	})
}
