using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Holdfast.Tests.Shared;

/// <summary>What Linux can tell a process.</summary>
internal enum Signal
{
    /// <summary>SIGTERM: finish and leave.</summary>
    Terminate = 15,

    /// <summary>SIGCONT.</summary>
    Continue = 18,

    /// <summary>SIGSTOP.</summary>
    Stop = 19,
}

/// <summary>Tells it.</summary>
internal static class SignalExtensions
{
    public static void Send(this Process process, Signal signal)
    {
        if (kill(process.Id, (int)signal) != 0)
        {
            throw new InvalidOperationException($"{process.ProcessName} could not be sent {signal}: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int process, int signal);
}
