using System.Text;
using Espalier.Models.Chat;

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

    /// <summary>That of a model's own chat template, up to where it answers; answers end with the model's end of text.</summary>
    /// <exception cref="EspalierException">The folder has no template, or it cannot be read.</exception>
    public static ConversationForm OfModel(string folder)
    {
        var template = ChatTemplate.Load(folder);
        return new("chat", messages =>
        {
            var text = template.Render(messages.Select(message => new ChatMessage(message.Role, message.Text)), addGenerationPrompt: true);
            return messages is not [.., var last] || text.Contains(last.Text.Trim(), StringComparison.Ordinal) ? text
                : throw new EspalierException($"{template.Place}: its chat template drops the question");
        }, []);
    }

    /// <summary>That of a model's own chat template; the plain one where it has none.</summary>
    /// <exception cref="EspalierException">The template cannot be read.</exception>
    public static ConversationForm OwnOrPlain(string folder) => ChatTemplate.Find(folder) is null ? Plain : OfModel(folder);

    /// <summary>A text as a conversation of one question.</summary>
    /// <param name="system">So many of its characters are what the system says; 0 for nothing.</param>
    public string Asks(string text, int system) => Prompt(
        [.. system > 0 ? [Message.OfSystem(text[..system])] : Array.Empty<Message>(), Message.OfUser(text[system..])]);

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
