using System.Security.Cryptography;
using System.Text;
using Holdfast.Tokens;

namespace Holdfast.Sqlite;

/// <summary>The master secret of the embedded default: a file beside the database, so that the first start needs no settings.</summary>
public static class SqliteMasterSecret
{
    // How long another process may take to write a line.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Reads <c>&lt;database&gt;.secret</c>, or creates it with mode 0600. Of several processes that start at once, one creates it and
    /// the others read it.
    /// </summary>
    /// <param name="databasePath">The path of the database.</param>
    /// <returns>32 random bytes in base64.</returns>
    /// <exception cref="HoldfastConfigurationException">Others may read the file, it cannot be read, or it is no secret.</exception>
    public static string ReadOrCreate(string databasePath)
    {
        var path = databasePath + ".secret";
        try
        {
            if (!File.Exists(path))
            {
                Create(path);
            }

            if (PrivateFile.IsExposed(path))
            {
                throw new HoldfastConfigurationException($"Others may read {path}, which holds the master secret. Make it private: chmod 600 {path}");
            }

            var text = File.ReadAllText(path).Trim();
            return text.Split(',', StringSplitOptions.TrimEntries).All(IsWhole) ? text : throw new HoldfastConfigurationException(
                $"{path} is empty, cut or no base64 of 32 bytes. Restore it from a backup; without it every session ends: then delete it and {databasePath} together.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new HoldfastConfigurationException($"The master secret {path} cannot be read or created: {exception.Message}");
        }
    }

    private static bool IsWhole(string secret)
    {
        // A text of n characters never decodes to more than n bytes.
        var bytes = new byte[secret.Length];
        return Convert.TryFromBase64String(secret, bytes, out var length) && length >= MasterKeys.SecretSize;
    }

    // Written in full and synced under another name, then given its name in one step: nobody ever reads half a secret. Whoever holds that
    // other name is the only one who writes: to move a file "unless there is one" is a look and a move, and two at once both move.
    private static void Create(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory)
        {
            Directory.CreateDirectory(directory);
        }

        var draft = path + ".draft";
        using var file = OpenAlone(draft);
        if (File.Exists(path))
        {
            // Somebody else was first, while this one waited.
            File.Delete(draft);
            return;
        }

        // Whoever was stopped half-way left something.
        file.SetLength(0);
        file.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(MasterKeys.SecretSize)) + "\n"));
        file.Flush(flushToDisk: true);
        File.Move(draft, path);
    }

    private static FileStream OpenAlone(string draft)
    {
        var patience = TimeProvider.System.GetTimestamp();
        var spin = default(SpinWait);
        while (true)
        {
            try
            {
                return new FileStream(draft, PrivateFile.HeldAlone());
            }
            catch (IOException) when (TimeProvider.System.GetElapsedTime(patience) < Patience)
            {
                // Another process holds it, and will be done in a moment.
                spin.SpinOnce();
            }
        }
    }
}
