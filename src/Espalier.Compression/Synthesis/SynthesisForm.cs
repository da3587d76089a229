namespace Espalier.Compression.Synthesis;

/// <summary>What a line of the result holds.</summary>
internal enum SynthesisForm
{
    /// <summary><c>text</c>: written from nothing, or from the beginning of a document.</summary>
    Text,

    /// <summary><c>prompt</c> and <c>completion</c>: a prompt as it stood, and what followed it.</summary>
    Completion,

    /// <summary><c>messages</c>: a conversation, whose last message the teacher wrote through its chat template.</summary>
    Messages,
}
