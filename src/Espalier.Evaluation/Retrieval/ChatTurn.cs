namespace Espalier.Evaluation.Retrieval;

/// <summary>One turn of a conversation.</summary>
/// <param name="IsUser">Whether the user says it, else the assistant.</param>
internal sealed record ChatTurn(bool IsUser, string Text);
