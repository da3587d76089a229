using System.Text;

namespace Espalier.Evaluation.Conversations;

/// <summary>
/// How a conversation becomes the text that a model continues: the one place where that is decided. A model's own template goes in here.
/// </summary>
/// <param name="Identity">What answers are remembered by: another form has another one.</param>
/// <param name="Prompt">The text, up to where the assistant begins.</param>
/// <param name="Stops">Texts that end an answer, beside the model's end of text.</param>
internal sealed record ConversationForm(string Identity, Func<IReadOnlyList<Message>, string> Prompt, IReadOnlyList<string> Stops)
{
    /// <summary>
    /// For a model without a template: each message after the name of who says it, with an empty line between; what a system says stands
    /// alone before them.
    /// </summary>
    public static ConversationForm Plain { get; } = new("plain", PlainText, ["\n\nUser:"]);

    private static string PlainText(IReadOnlyList<Message> messages)
    {
        var text = new StringBuilder();
        foreach (var message in messages)
            text.Append(message.Role switch
            {
                "system" => "",
                "assistant" => "Assistant: ",
                _ => "User: ",
            }).Append(message.Text).Append("\n\n");
        return text.Append("Assistant:").ToString();
    }
}
