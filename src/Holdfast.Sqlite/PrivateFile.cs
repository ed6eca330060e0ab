namespace Holdfast.Sqlite;

/// <summary>Files that only their owner may read.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Creates exclusively, with mode 0600 from the first moment.</summary>
    /// <remarks>Shared, which takes no lock: a process that is being forked elsewhere would hold a lock for a moment longer than we do.</remarks>
    public static FileStreamOptions CreateNew() => Options(FileMode.CreateNew, FileShare.ReadWrite);

    /// <summary>Opens for one holder at a time, of all processes; made with mode 0600 if it is not there. The holder may rename it.</summary>
    public static FileStreamOptions HeldAlone() => Options(FileMode.OpenOrCreate, OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None);

    /// <summary>Whether group or others may do anything with it.</summary>
    public static bool IsExposed(string path) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != 0;

    private static FileStreamOptions Options(FileMode mode, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return options;
    }
}
