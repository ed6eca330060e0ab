using System.Security.Cryptography;
using System.Text;
using Holdfast.Tokens;

namespace Holdfast.Sqlite;

/// <summary>The master secret of the embedded default: a file beside the database, so that the first start needs no settings.</summary>
public static class SqliteMasterSecret
{
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

    // Written in full and synced under another name, then given its name in one step: nobody ever reads half a secret.
    private static void Create(string path)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory)
        {
            Directory.CreateDirectory(directory);
        }

        var draft = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
        using (var file = new FileStream(draft, PrivateFile.CreateNew()))
        {
            file.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(MasterKeys.SecretSize)) + "\n"));
            file.Flush(flushToDisk: true);
        }

        try
        {
            File.Move(draft, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(draft);
        }
    }
}
