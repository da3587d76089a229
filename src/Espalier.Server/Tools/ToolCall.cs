namespace Espalier.Server.Tools;

/// <summary>A call that a model wrote.</summary>
/// <param name="Id">Its name among the calls of a conversation.</param>
/// <param name="Name">The function.</param>
/// <param name="Arguments">Its arguments, a JSON object as a text.</param>
internal sealed record ToolCall(string Id, string Name, string Arguments)
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    /// <summary>A call with an id of nine letters and digits, the only ones that Mistral's templates take.</summary>
    public static ToolCall New(string name, string arguments) =>
        new(System.Security.Cryptography.RandomNumberGenerator.GetString(Letters, 9), name, arguments);
}
