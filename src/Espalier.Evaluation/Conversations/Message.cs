namespace Espalier.Evaluation.Conversations;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">Who says it: system, user or assistant.</param>
internal sealed record Message(string Role, string Text)
{
    /// <summary>What a conversation is about, said before it.</summary>
    public static Message OfSystem(string text) => new("system", text);

    /// <summary>What is asked.</summary>
    public static Message OfUser(string text) => new("user", text);

    /// <summary>What a model answered.</summary>
    public static Message OfAssistant(string text) => new("assistant", text);
}
