using System.Net;
using System.Net.Sockets;

namespace Holdfast.Tests.Shared;

/// <summary>Free ports of loopback.</summary>
internal static class Ports
{
    public static int Free()
    {
        // Below 20000 the bus port of a cluster, 10000 higher, is a port as well.
        while (true)
        {
            var port = Random.Shared.Next(11000, 19000);
            try
            {
                using var one = new TcpListener(IPAddress.Loopback, port);
                one.Start();
                using var other = new TcpListener(IPAddress.Loopback, port + 10000);
                other.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: try another.
            }
        }
    }
}
