namespace Holdfast.Sqlite;

/// <summary>Files that only their owner may read.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Creates exclusively, with mode 0600 from the first moment.</summary>
    public static FileStreamOptions CreateNew()
    {
        // Shared, which takes no lock: a process that is being forked elsewhere would hold a lock for a moment longer than we do.
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return options;
    }

    /// <summary>Whether group or others may do anything with it.</summary>
    public static bool IsExposed(string path) => !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~OwnerOnly) != 0;
}
